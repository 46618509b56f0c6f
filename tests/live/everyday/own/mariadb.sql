SELECT dept_name, full_name, salary, RANK() OVER w AS rnk, salary - LAG(salary) OVER w AS gap FROM staff JOIN departments USING (dept_id) WINDOW w AS (PARTITION BY dept_name ORDER BY salary DESC) ORDER BY dept_name, rnk;
SELECT sensor_id, ts, AVG(temperature) OVER (PARTITION BY sensor_id ORDER BY ts ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS smooth FROM readings ORDER BY 1, 2 LIMIT 20
SELECT sale_id, amount, SUM(amount) OVER (ORDER BY sold_on ROWS UNBOUNDED PRECEDING) AS running, DENSE_RANK() OVER (ORDER BY qty DESC) FROM sales ORDER BY sale_id
SELECT DISTINCT dept_id, MEDIAN(salary) OVER (PARTITION BY dept_id) AS med, PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY salary) OVER (PARTITION BY dept_id) AS p75, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY salary) OVER (PARTITION BY dept_id) AS p50 FROM staff ORDER BY dept_id
SELECT category, region, SUM(qty) AS total FROM sales JOIN items USING (item_id) GROUP BY category, region WITH ROLLUP
SELECT region, YEAR(sold_on) AS y, SUM(amount) FROM sales GROUP BY region, y ORDER BY region, y DESC
SELECT region, SUM(IF(qty > 2, 1, 0)) AS big, COUNT(*) n, SUM(CASE WHEN sold_on >= '2024-01-01' THEN amount ELSE 0 END) AS this_year FROM sales GROUP BY region ORDER BY region
SELECT SUM(qty > 2) AS big, SUM(region = 'EU') AS eu, AVG(amount > 100) AS share FROM sales
WITH RECURSIVE chain AS (SELECT emp_id, full_name, 1 AS depth, CAST(emp_id AS CHAR(200)) AS path FROM staff WHERE manager_id IS NULL UNION ALL SELECT s.emp_id, s.full_name, c.depth + 1, CONCAT(c.path, ',', s.emp_id) FROM staff s JOIN chain c ON s.manager_id = c.emp_id) SELECT depth, CONCAT(REPEAT('  ', depth - 1), full_name) AS tree, path FROM chain ORDER BY path
WITH RECURSIVE days AS (SELECT DATE('2024-03-01') AS d UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2024-03-10') SELECT d, COUNT(r.ts) AS n FROM days LEFT JOIN readings r ON DATE(r.ts) = d GROUP BY d ORDER BY d
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) SELECT i, MONTHNAME(MAKEDATE(2024, i * 28)) AS month FROM n
SELECT sensor_id, JSON_VALUE(meta, '$.unit') AS unit, JSON_EXTRACT(meta, '$.limits.high') AS high, JSON_UNQUOTE(JSON_EXTRACT(meta, '$.tags[0]')) AS tag, JSON_QUERY(meta, '$.limits') FROM sensors ORDER BY sensor_id
SELECT sensor_id FROM sensors WHERE JSON_CONTAINS(meta, '"C"', '$.unit') AND JSON_EXISTS(meta, '$.limits') AND JSON_LENGTH(meta, '$.tags') > 0
SELECT e.event_id, jt.page, jt.ms FROM events e, JSON_TABLE(e.payload, '$' COLUMNS (page VARCHAR(20) PATH '$.page', ms INT PATH '$.ms')) AS jt WHERE jt.ms > 150 ORDER BY 1
SELECT s.sensor_id, t.tag FROM sensors s JOIN JSON_TABLE(s.meta, '$.tags[*]' COLUMNS (n FOR ORDINALITY, tag VARCHAR(20) PATH '$')) t ORDER BY 1, 2
SELECT dept_name, JSON_ARRAYAGG(full_name ORDER BY emp_id) AS people, JSON_LENGTH(JSON_OBJECTAGG(full_name, salary)) FROM staff JOIN departments USING (dept_id) GROUP BY dept_name ORDER BY dept_name
SELECT name, JSON_SET(attrs, '$.checked', TRUE), JSON_TYPE(JSON_EXTRACT(attrs, '$.size')), JSON_REMOVE(attrs, '$.color'), JSON_KEYS(attrs), JSON_SEARCH(attrs, 'one', 'red') FROM items WHERE attrs IS NOT NULL ORDER BY item_id
SELECT DATE_FORMAT(sold_on, '%Y-%m') AS month, SUM(amount) AS revenue, ROUND(100 * SUM(amount) / SUM(SUM(amount)) OVER (), 2) AS pct FROM sales GROUP BY month ORDER BY month
SELECT DAYNAME(sold_on) AS day, WEEKDAY(sold_on) AS d, COUNT(*) FROM sales GROUP BY day, d ORDER BY d
SELECT full_name, TIMESTAMPDIFF(YEAR, hired_on, '2024-06-01') AS years, TIMESTAMPDIFF(MONTH, hired_on, '2024-06-01') AS months, DATEDIFF('2024-06-01', hired_on) AS days, LAST_DAY(hired_on) FROM staff ORDER BY emp_id
SELECT DATE_ADD('2024-01-31', INTERVAL 1 MONTH), '2024-03-01' - INTERVAL 2 WEEK, DATE_SUB(NOW(), INTERVAL '1:30' HOUR_MINUTE) < NOW(), EXTRACT(YEAR_MONTH FROM '2024-05-06'), STR_TO_DATE('05/03/2024', '%d/%m/%Y'), QUARTER('2024-05-01'), ADDDATE('2024-01-01', 31)
SELECT YEARWEEK(sold_on, 3) AS wk, COUNT(*) FROM sales WHERE YEAR(sold_on) = 2024 GROUP BY wk ORDER BY wk LIMIT 5
SELECT UNIX_TIMESTAMP(ts) DIV 21600 AS bucket, MIN(temperature), MAX(temperature) FROM readings GROUP BY bucket ORDER BY bucket LIMIT 10
SELECT FROM_UNIXTIME(UNIX_TIMESTAMP(occurred_at) - UNIX_TIMESTAMP(occurred_at) MOD 3600) AS hour, COUNT(*) FROM events GROUP BY hour ORDER BY hour LIMIT 6
SELECT CONVERT_TZ(occurred_at, '+00:00', '+02:00') AS local_time, TIME(occurred_at), DATE(occurred_at), HOUR(occurred_at), DATE_FORMAT(occurred_at, '%W %D %M %Y %H:%i') FROM events ORDER BY event_id LIMIT 4
SELECT event_type, SEC_TO_TIME(SUM(TIME_TO_SEC(took))) AS total, TIMEDIFF(MAX(occurred_at), MIN(occurred_at)) AS span FROM events GROUP BY event_type ORDER BY event_type
SELECT SUBSTRING_INDEX(email, '@', -1) AS domain, COUNT(*) FROM staff WHERE email IS NOT NULL GROUP BY domain ORDER BY COUNT(*) DESC, domain
SELECT REGEXP_REPLACE(url, '^https?://([^/]+).*$', '\\1') AS host, REGEXP_SUBSTR(url, 'ref=[a-z]+') AS ref, COUNT(*) FROM events GROUP BY host, ref ORDER BY ref
SELECT CONCAT(UPPER(LEFT(full_name, 1)), '. ', SUBSTRING(full_name, LOCATE(' ', full_name) + 1)) AS short, LPAD(emp_id, 5, '0'), REVERSE(full_name), CHAR_LENGTH(full_name), INSTR(full_name, 'e'), REPLACE(full_name, ' ', '_') FROM staff ORDER BY emp_id
SELECT CONCAT_WS(', ', full_name, NULL, email) AS label, FORMAT(salary, 2) AS pay, FORMAT(salary, 0, 'de_DE'), FIELD(dept_id, 3, 2, 1), ELT(2, 'a', 'b'), MID(full_name, 2, 3) FROM staff ORDER BY emp_id
SELECT full_name FROM staff WHERE full_name REGEXP 'berg$|^T' OR full_name RLIKE 'Li[mn]a' OR full_name LIKE 'L%m' ORDER BY full_name
SELECT full_name, FIND_IN_SET('sql', skills) AS pos FROM staff WHERE FIND_IN_SET('python', skills) > 0 OR skills = '' ORDER BY emp_id
SELECT dept_id, GROUP_CONCAT(full_name ORDER BY hired_on DESC SEPARATOR '; ') AS names, GROUP_CONCAT(DISTINCT grade ORDER BY grade), COUNT(DISTINCT grade, is_remote) FROM staff GROUP BY dept_id ORDER BY dept_id
SELECT dept_id, GROUP_CONCAT(full_name ORDER BY salary DESC LIMIT 1) AS top FROM staff GROUP BY dept_id ORDER BY dept_id
SELECT STDDEV_SAMP(temperature), VAR_POP(humidity), STD(temperature), VARIANCE(humidity), BIT_OR(flags), BIT_AND(flags) FROM readings
SELECT item_id FROM items EXCEPT SELECT item_id FROM sales WHERE region = 'EU' ORDER BY item_id
(SELECT region FROM sales WHERE qty = 4 INTERSECT SELECT region FROM sales WHERE amount > 200) UNION ALL (SELECT 'total') ORDER BY region
(SELECT sale_id, amount FROM sales ORDER BY amount DESC LIMIT 2) UNION (SELECT sale_id, amount FROM sales ORDER BY amount LIMIT 2) ORDER BY sale_id
SELECT a.full_name, b.full_name FROM staff a JOIN staff b ON a.dept_id = b.dept_id AND a.emp_id < b.emp_id WHERE a.left_on <=> b.left_on ORDER BY 1, 2
SELECT * FROM sales WHERE (region, qty) IN (('EU', 2), ('US', 3)) ORDER BY sale_id LIMIT 2, 3
SELECT sale_id FROM sales WHERE (sold_on, sale_id) > ('2024-06-01', 50) ORDER BY sold_on, sale_id OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY
SELECT sale_id, qty FROM sales ORDER BY qty DESC, sale_id FETCH FIRST 3 ROWS WITH TIES
SELECT emp_id, CASE grade WHEN 9 THEN 'lead' WHEN 7 THEN 'senior' ELSE 'other' END AS level, IFNULL(manager_id, -1), COALESCE(left_on, 'now'), NULLIF(grade, 6), NVL(email, '-'), NVL2(email, 'yes', 'no'), IF(is_remote, 'remote', 'office') FROM staff ORDER BY emp_id
SELECT flags & 4 AS alarm, flags | 1, flags ^ 3, flags << 2, flags >> 1, BIT_COUNT(flags), flags DIV 3, flags % 3, BIN(flags), HEX(255), CONV('ff', 16, 10) FROM readings ORDER BY ts, sensor_id LIMIT 8
SELECT COUNT(*) AS `Total Rows`, COUNT(DISTINCT sensor_id) AS 'sensors seen' /* all of them */ FROM `readings` -- the raw table
SELECT salary AS amount, amount AS salary FROM staff JOIN sales ON sale_id = emp_id ORDER BY emp_id
SELECT name, price FROM items AS i WHERE price > (SELECT AVG(price) FROM items WHERE category = i.category) ORDER BY price DESC
SELECT dept_name FROM departments d WHERE NOT EXISTS (SELECT 1 FROM staff WHERE dept_id = d.dept_id) OR budget >= ALL (SELECT budget FROM departments)
SELECT d.dept_name, s.full_name FROM departments d LEFT JOIN staff s ON s.dept_id = d.dept_id AND s.is_remote UNION SELECT d.dept_name, s.full_name FROM departments d RIGHT JOIN staff s ON s.dept_id = d.dept_id AND s.is_remote ORDER BY 1, 2
SELECT i.name, s.region FROM items i NATURAL JOIN sales s WHERE s.amount BETWEEN 100 AND 150 ORDER BY s.sale_id
SELECT i.name, s.region FROM items i STRAIGHT_JOIN sales s ON s.item_id = i.item_id WHERE i.category = "light" ORDER BY s.sale_id LIMIT 4
SELECT category, price, FIRST_VALUE(name) OVER (PARTITION BY category ORDER BY price DESC) AS priciest, NTILE(2) OVER (ORDER BY price) AS half, CUME_DIST() OVER (ORDER BY price), PERCENT_RANK() OVER (ORDER BY price) FROM items ORDER BY item_id
WITH monthly AS (SELECT DATE_FORMAT(sold_on, '%Y-%m-01') AS m, region, SUM(amount) AS total FROM sales GROUP BY m, region) SELECT m, region, total, total / NULLIF(LAG(total) OVER (PARTITION BY region ORDER BY m), 0) - 1 AS growth FROM monthly ORDER BY region, m LIMIT 12
SELECT CAST('12' AS UNSIGNED) + 1, CAST('3.7' AS DECIMAL(4, 1)), CONVERT('42', SIGNED), CAST('2024-02-03' AS DATE), CAST(42 AS CHAR), CONVERT('abc' USING utf8mb4), CAST('1.5' AS DOUBLE), BINARY 'a' = 'A'
SELECT user_id, session, COUNT(*) AS clicks, MAX(occurred_at) AS last_at FROM (SELECT user_id, occurred_at, SUM(IF(TIMESTAMPDIFF(HOUR, prev, occurred_at) > 15, 1, 0)) OVER (PARTITION BY user_id ORDER BY occurred_at) AS session FROM (SELECT user_id, occurred_at, LAG(occurred_at) OVER (PARTITION BY user_id ORDER BY occurred_at) AS prev FROM events) g) s GROUP BY user_id, session ORDER BY 1, 2
SELECT reason FROM returns WHERE MATCH (reason) AGAINST ('+broken' IN BOOLEAN MODE)
SELECT name FROM items WHERE item_id NOT IN (SELECT item_id FROM sales WHERE region = 'EU') OR name LIKE BINARY '%Stool' OR name COLLATE utf8mb4_bin = 'Wool Rug' ORDER BY name
SELECT GREATEST(qty, 2), LEAST(amount, 50), ABS(-qty), ROUND(amount / 7, 2), TRUNCATE(amount / 7, 1), MOD(sale_id, 5), POW(qty, 2), SIGN(-3), CEIL(1.2), CRC32(region), MD5(region) FROM sales ORDER BY sale_id LIMIT 4
SELECT v.code, COUNT(s.sale_id) FROM (SELECT 'EU' AS code UNION SELECT 'AF') v LEFT JOIN sales s ON s.region = v.code GROUP BY v.code ORDER BY v.code
WITH v(code, label) AS (VALUES ('EU', 'Europe'), ('AF', 'Africa')) SELECT v.label, COUNT(s.sale_id) FROM v LEFT JOIN sales s ON s.region = v.code GROUP BY v.label ORDER BY 1
SELECT region FROM sales USE INDEX (PRIMARY) WHERE sale_id < 4 ORDER BY sale_id
SELECT region AS `group`, SUM(amount) AS `order` FROM sales GROUP BY `group` HAVING `order` > 10 ORDER BY `order` DESC
SELECT JSON_VALUE(payload, '$.page') AS page, COUNT(*) AS n, AVG(JSON_VALUE(payload, '$.ms')) AS ms FROM events GROUP BY page ORDER BY n DESC, page
SELECT full_name || ' <' || IFNULL(email, '?') || '>' AS label FROM staff WHERE grade DIV 2 = 3 ORDER BY full_name
SELECT name FROM items WHERE name REGEXP '\\bLamp\\b' OR name RLIKE '^[A-Z]{3}\\s'
SELECT GROUP_CONCAT(name ORDER BY name SEPARATOR '\n') FROM items
SELECT GROUP_CONCAT(name, '=', price ORDER BY price DESC SEPARATOR ', ' LIMIT 3) FROM items
SELECT GROUP_CONCAT(DISTINCT region) , GROUP_CONCAT(DISTINCT region, qty ORDER BY region, qty) FROM sales
SELECT t.item_id, jt.* FROM items t, JSON_TABLE(CONCAT('["', REPLACE(t.tags, ',', '","'), '"]'), '$[*]' COLUMNS (tag VARCHAR(20) PATH '$')) AS jt WHERE jt.tag <> '' ORDER BY 1, 2
SELECT jt.tag, COUNT(*) AS n FROM items i JOIN JSON_TABLE(CONCAT('["', REPLACE(i.tags, ',', '","'), '"]'), '$[*]' COLUMNS (tag VARCHAR(20) PATH '$')) jt GROUP BY jt.tag ORDER BY n DESC, jt.tag
SELECT i.name FROM items i FORCE INDEX (PRIMARY) JOIN sales s IGNORE INDEX (PRIMARY) USING (item_id) WHERE s.amount > 300 ORDER BY 1
SELECT CONVERT(name USING latin1), CAST(name AS CHAR CHARACTER SET utf8mb4) FROM items ORDER BY 1
SELECT reason, MATCH (reason) AGAINST ('wrong size') > 0 AS hit FROM returns WHERE MATCH (reason) AGAINST ('wrong size' IN NATURAL LANGUAGE MODE) ORDER BY 1
SELECT YEAR(sold_on) AS y, QUARTER(sold_on) AS q, SUM(amount) AS total, SUM(SUM(amount)) OVER (PARTITION BY YEAR(sold_on) ORDER BY QUARTER(sold_on)) AS ytd FROM sales GROUP BY y, q ORDER BY y, q
SELECT dept_id, full_name, salary FROM staff s WHERE salary = (SELECT MAX(salary) FROM staff WHERE dept_id = s.dept_id) ORDER BY 1
SELECT DATE_FORMAT(ts, '%Y-%m-%d %H:00:00') AS hour, ROUND(AVG(temperature), 2) FROM readings WHERE ts >= '2024-03-02' AND ts < '2024-03-03' GROUP BY hour ORDER BY hour
SELECT full_name, hired_on + INTERVAL 90 DAY AS probation, PERIOD_DIFF(202406, DATE_FORMAT(hired_on, '%Y%m')) AS months, DAYOFYEAR(hired_on), WEEK(hired_on, 1), MONTHNAME(hired_on) FROM staff ORDER BY emp_id
SELECT CASE WHEN price < 50 THEN 'cheap' ELSE 'dear' END AS band, COUNT(*), MIN(price), GROUP_CONCAT(name ORDER BY price) FROM items GROUP BY band WITH ROLLUP
SELECT region, COUNT(DISTINCT item_id) AS items, SUM(amount) / SUM(qty) AS unit FROM sales WHERE sold_on BETWEEN '2023-06-01' AND '2024-06-30' GROUP BY region HAVING unit > 10 ORDER BY unit DESC
SELECT s1.sale_id FROM sales s1 LEFT JOIN sales s2 ON s1.region = s2.region AND s1.amount < s2.amount WHERE s2.sale_id IS NULL ORDER BY 1
SELECT DATE(occurred_at) AS d, COUNT(*) AS n, SUM(COUNT(*)) OVER (ORDER BY DATE(occurred_at)) AS running FROM events WHERE event_type IN ('buy', 'click') GROUP BY d ORDER BY d LIMIT 5
SELECT IF(grade >= 6, 'senior', 'junior') AS level, AVG(salary), FORMAT(AVG(salary), 0) FROM staff GROUP BY level ORDER BY level
SELECT sensor_id, kind + 0 AS k, kind, JSON_EXTRACT(meta, '$.unit') = '"C"' AS c FROM sensors WHERE kind = 'thermo' ORDER BY 1
SELECT TIME_FORMAT(took, '%H:%i'), MINUTE(took), took > '01:00:00', ADDTIME(took, '00:10:00') > took, EXTRACT(HOUR FROM took) FROM events ORDER BY event_id LIMIT 4
SELECT (SELECT COUNT(*) FROM staff) AS people, (SELECT AVG(amount) FROM sales) AS avg_sale FROM DUAL
SELECT UPPER(region) r, LOWER(region), LENGTH(region), TRIM(LEADING 'E' FROM region), LTRIM(' a'), SUBSTR(region, -2), SUBSTRING(region FROM 2 FOR 1), CHAR(65), ASCII('A'), SPACE(2), INSERT('abc', 2, 1, 'X'), 'a' 'b' FROM sales ORDER BY sale_id LIMIT 3
