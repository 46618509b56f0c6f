SELECT dept_name, full_name, salary, RANK() OVER w AS rnk, salary - LAG(salary) OVER w AS gap FROM staff JOIN departments USING (dept_id) WINDOW w AS (PARTITION BY dept_name ORDER BY salary DESC) ORDER BY dept_name, rnk;
SELECT sensor_id, ts, AVG(temperature) OVER (PARTITION BY sensor_id ORDER BY ts ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS smooth FROM readings ORDER BY 1, 2 LIMIT 20
SELECT sale_id, amount, SUM(amount) OVER (ORDER BY sold_on GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS s FROM sales ORDER BY sale_id
SELECT sale_id, group_concat(region, '-') OVER (ORDER BY sale_id ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING) AS path FROM sales LIMIT 6
SELECT region, COUNT(*) FILTER (WHERE qty > 2) AS big, COUNT(*) AS n, TOTAL(amount) FILTER (WHERE sold_on >= '2024-01-01') AS this_year FROM sales GROUP BY region ORDER BY region
SELECT region, SUM(amount) OVER () AS grand, SUM(amount) FILTER (WHERE qty = 1) OVER (PARTITION BY region) AS ones FROM sales ORDER BY sale_id LIMIT 4
WITH RECURSIVE chain(emp_id, full_name, depth, path) AS (SELECT emp_id, full_name, 1, '/' || emp_id FROM staff WHERE manager_id IS NULL UNION ALL SELECT s.emp_id, s.full_name, c.depth + 1, c.path || '/' || s.emp_id FROM staff s JOIN chain c ON s.manager_id = c.emp_id ORDER BY 3 DESC) SELECT substr('..........', 1, (depth - 1) * 2) || full_name AS tree FROM chain
WITH RECURSIVE days(d) AS (VALUES ('2024-03-01') UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2024-03-10') SELECT d, COUNT(r.ts) AS n FROM days LEFT JOIN readings r ON date(r.ts) = d GROUP BY d ORDER BY d
WITH RECURSIVE cnt(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM cnt LIMIT 12) SELECT x, x * x AS sq FROM cnt
WITH RECURSIVE split(item_id, tag, rest) AS (SELECT item_id, NULL, tags || ',' FROM items UNION ALL SELECT item_id, substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1) FROM split WHERE rest <> '') SELECT tag, COUNT(*) AS n FROM split WHERE tag <> '' GROUP BY tag ORDER BY n DESC, tag
SELECT sensor_id, meta ->> '$.unit' AS unit, json_extract(meta, '$.limits.high') AS high, meta -> '$.tags[0]' AS tag, meta ->> 'active' AS active FROM sensors ORDER BY sensor_id
SELECT s.sensor_id, j.key, j.value, j.type, j.fullkey FROM sensors s, json_each(s.meta) j WHERE json_valid(s.meta) ORDER BY s.sensor_id, j.key
SELECT DISTINCT full_name FROM staff, json_each(staff.skills) WHERE json_each.value = 'sql' ORDER BY 1
SELECT sensor_id, t.fullkey, t.atom FROM sensors JOIN json_tree(sensors.meta, '$.limits') AS t WHERE t.atom IS NOT NULL ORDER BY 1, 2
SELECT dept_name, json_group_array(json_object('name', full_name, 'since', hired_on)) AS people FROM staff JOIN departments USING (dept_id) GROUP BY dept_name ORDER BY dept_name
SELECT json_group_object(dept_name, budget) AS budgets, json_array_length('[1,2,3]') FROM departments
SELECT name, json_set(attrs, '$.checked', json('true')) AS j, json_type(attrs, '$.size'), json_remove(attrs, '$.color'), json_patch(attrs, '{"watts":null}') FROM items WHERE attrs IS NOT NULL ORDER BY item_id
SELECT strftime('%Y-%m', sold_on) AS month, SUM(amount) AS revenue, ROUND(100.0 * SUM(amount) / SUM(SUM(amount)) OVER (), 2) AS pct FROM sales GROUP BY month ORDER BY month
SELECT CASE CAST(strftime('%w', sold_on) AS INTEGER) WHEN 0 THEN 'Sun' WHEN 6 THEN 'Sat' ELSE 'weekday' END AS day, COUNT(*) AS n FROM sales GROUP BY day ORDER BY n DESC
SELECT full_name, CAST((julianday('2024-06-01') - julianday(hired_on)) / 365.25 AS INT) AS years, date(hired_on, 'start of month', '+1 month', '-1 day') AS month_end FROM staff ORDER BY emp_id
SELECT datetime(occurred_at, 'unixepoch') AS at, strftime('%s', datetime(occurred_at, 'unixepoch')) = CAST(occurred_at AS TEXT) AS same FROM events ORDER BY event_id LIMIT 3
SELECT date('2024-02-10', 'weekday 1'), time('13:45:10', '-30 minutes'), strftime('%j %W %H:%M', '2024-03-05 07:08:09'), unixepoch('2024-01-01'), datetime('2024-01-31', '+1 month')
SELECT strftime('%Y', sold_on) || '-Q' || ((strftime('%m', sold_on) + 2) / 3) AS quarter, SUM(amount) FROM sales GROUP BY 1 ORDER BY 1
SELECT substr(email, instr(email, '@') + 1) AS domain, COUNT(*) FROM staff WHERE email NOTNULL GROUP BY domain ORDER BY 2 DESC
SELECT printf('%-12s|%8.2f|%05d', full_name, salary, emp_id) AS line, format('%,d', salary) FROM staff ORDER BY emp_id
SELECT upper(substr(full_name, 1, 1)) || lower(substr(full_name, 2)), replace(full_name, ' ', '_'), trim('  x '), ltrim('xxa', 'x'), length(full_name), unicode('A'), char(72, 105), hex('abc'), quote('it''s') FROM staff ORDER BY emp_id
SELECT full_name FROM staff WHERE full_name GLOB '*[Bb]erg' OR full_name LIKE '%li_a' OR full_name LIKE '100\%' ESCAPE '\' ORDER BY full_name COLLATE NOCASE
SELECT title, snippet(articles, 1, '[', ']', '...', 5) FROM articles WHERE articles MATCH 'lamp' ORDER BY rank
SELECT title FROM articles WHERE body MATCH 'rug* NOT cold'
SELECT dept_id, group_concat(full_name, ', ') AS names, COUNT(DISTINCT grade) FROM (SELECT * FROM staff ORDER BY hired_on) GROUP BY dept_id
SELECT sensor_id, AVG(temperature) AS median FROM (SELECT sensor_id, temperature, ROW_NUMBER() OVER (PARTITION BY sensor_id ORDER BY temperature) AS rn, COUNT(*) OVER (PARTITION BY sensor_id) AS n FROM readings WHERE temperature IS NOT NULL) WHERE rn IN ((n + 1) / 2, (n + 2) / 2) GROUP BY sensor_id
SELECT user_id, event_type, MAX(occurred_at) AS last_at FROM events GROUP BY user_id ORDER BY user_id
SELECT item_id FROM items EXCEPT SELECT item_id FROM sales WHERE region = 'EU' ORDER BY 1
SELECT region FROM sales WHERE qty = 4 INTERSECT SELECT region FROM sales WHERE amount > 200 UNION ALL SELECT 'total' ORDER BY 1
SELECT a.full_name, b.full_name FROM staff a JOIN staff b ON a.dept_id = b.dept_id AND a.emp_id < b.emp_id WHERE a.left_on IS b.left_on AND a.manager_id IS NOT b.manager_id ORDER BY 1, 2
SELECT COUNT(*) FROM staff WHERE manager_id IS DISTINCT FROM 1
SELECT * FROM sales WHERE (region, qty) IN (VALUES ('EU', 2), ('US', 3)) ORDER BY sale_id LIMIT 3 OFFSET 2
SELECT sale_id FROM sales WHERE (sold_on, sale_id) > ('2024-06-01', 50) ORDER BY sold_on, sale_id LIMIT 2, 3
SELECT v.column1 AS code, COUNT(s.sale_id) FROM (VALUES ('EU', 'Europe'), ('AF', 'Africa')) AS v LEFT JOIN sales s ON s.region = v.column1 GROUP BY 1 ORDER BY 1
SELECT emp_id, CASE grade WHEN 9 THEN 'lead' WHEN 7 THEN 'senior' ELSE 'other' END AS level, iif(is_remote, 'remote', 'office') AS place, ifnull(manager_id, -1), coalesce(left_on, 'now'), nullif(grade, 6) FROM staff ORDER BY emp_id
SELECT flags, flags & 4 AS alarm, flags | 1, ~flags, flags << 2, flags >> 1, flags % 3, 7 / 2, 7 / 2.0 FROM readings ORDER BY ts, sensor_id LIMIT 8
SELECT COUNT(*) AS "Total Rows", COUNT(DISTINCT sensor_id) AS [sensors seen], MAX(ts) AS `last` /* all of them */ FROM main.readings -- the raw table
SELECT salary AS amount, amount AS salary FROM staff JOIN sales ON sale_id = emp_id ORDER BY emp_id
SELECT name, price FROM items AS i WHERE price > (SELECT AVG(price) FROM items WHERE category = i.category) ORDER BY price DESC
SELECT dept_name FROM departments d WHERE NOT EXISTS (SELECT * FROM staff WHERE dept_id = d.dept_id)
SELECT d.dept_name, s.full_name FROM departments d FULL OUTER JOIN staff s ON s.dept_id = d.dept_id AND s.is_remote ORDER BY 1 NULLS FIRST, 2 DESC NULLS LAST
SELECT i.name, s.region FROM items i NATURAL JOIN sales s WHERE s.amount BETWEEN 100 AND 150 ORDER BY s.sale_id
SELECT city, 'q1' AS quarter, q1 AS revenue FROM quarters UNION ALL SELECT city, 'q2', q2 FROM quarters UNION ALL SELECT city, 'q3', q3 FROM quarters ORDER BY city, quarter
SELECT item_id, SUM(CASE WHEN region = 'EU' THEN amount END) AS eu, SUM(amount * (region == 'US')) AS us FROM sales GROUP BY item_id HAVING COUNT(*) > 5 ORDER BY item_id
SELECT region, ROUND(AVG(amount), 1) AS avg_amount, SUM(amount) * 1.0 / COUNT(*) AS same, MIN(amount), MAX(amount), AVG(amount * amount) - AVG(amount) * AVG(amount) AS var FROM sales GROUP BY region HAVING avg_amount > 10 ORDER BY avg_amount DESC
WITH monthly AS NOT MATERIALIZED (SELECT strftime('%Y-%m', sold_on) AS m, SUM(amount) AS total FROM sales GROUP BY m), ranked AS (SELECT m, total, NTILE(4) OVER (ORDER BY total) AS q, CUME_DIST() OVER (ORDER BY total) AS cd FROM monthly) SELECT * FROM ranked WHERE q = 4 ORDER BY total DESC
SELECT user_id, session, COUNT(*) AS clicks, MAX(occurred_at) - MIN(occurred_at) AS seconds FROM (SELECT user_id, occurred_at, SUM(gap > 50000) OVER (PARTITION BY user_id ORDER BY occurred_at) AS session FROM (SELECT user_id, occurred_at, occurred_at - LAG(occurred_at) OVER (PARTITION BY user_id ORDER BY occurred_at) AS gap FROM events)) GROUP BY user_id, session ORDER BY 1, 2
SELECT CAST('12abc' AS INTEGER), CAST(3.7 AS INT), CAST(42 AS TEXT) || '!', typeof(1.5), typeof(NULL), 1e3, 0x1F, x'414243', CURRENT_DATE > '2020-01-01'
SELECT FIRST_VALUE(full_name) OVER (PARTITION BY dept_id ORDER BY salary DESC) AS best, NTH_VALUE(full_name, 2) OVER (PARTITION BY dept_id ORDER BY salary DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second, full_name FROM staff ORDER BY emp_id
SELECT rowid, name FROM items WHERE rowid IN (1, 3) ORDER BY rowid DESC
SELECT max(qty, 2) AS at_least_two, min(amount, 50) AS capped, abs(-qty), round(amount / 7, 2), sqrt(qty), power(qty, 2), sign(-3), ceil(1.2) FROM sales ORDER BY sale_id LIMIT 4
SELECT name FROM items WHERE item_id NOT IN (SELECT item_id FROM sales WHERE region = 'EU' AND item_id IS NOT NULL) OR ',' || tags || ',' LIKE '%,bar,%'
SELECT t.region, t.total, t.total * 100 / (SELECT SUM(amount) FROM sales) || '%' AS pct FROM (SELECT region, SUM(amount) AS total FROM sales GROUP BY region) t ORDER BY t.total DESC
SELECT DISTINCT category, (SELECT COUNT(*) FROM sales s JOIN items i2 USING (item_id) WHERE i2.category = items.category) AS n FROM items ORDER BY n
VALUES (1, 'a'), (2, 'b') UNION ALL SELECT COUNT(*), 'sales' FROM sales
SELECT e.event_id, json_extract(e.payload, '$.page', '$.ms') AS pair, json_extract(e.payload, '$.cart[#-1]') AS last FROM events e WHERE e.payload ->> '$.ms' > 150 ORDER BY 1
SELECT payload ->> '$.page' AS page, COUNT(*) AS n, AVG(payload ->> '$.ms') AS ms FROM events GROUP BY page ORDER BY n DESC, page
SELECT json_array_length(payload -> '$.cart') AS n, json_extract(payload, '$.cart[0]') FROM events ORDER BY event_id LIMIT 5
SELECT a.title, rank FROM articles a WHERE articles MATCH 'lamp OR rug' ORDER BY bm25(articles, 10.0, 5.0) LIMIT 2
SELECT title FROM articles WHERE articles MATCH 'title: rug' ORDER BY rank
SELECT COUNT(*) FROM articles WHERE articles MATCH '"soft rug"'
SELECT items.name, snippet(articles, -1, '<', '>', '…', 8) FROM articles JOIN items ON instr(articles.body, lower(items.category)) > 0 WHERE articles MATCH 'light OR seat OR lamp'
SELECT strftime('%Y-%m', sold_on) AS month, region, SUM(amount), SUM(SUM(amount)) OVER (PARTITION BY region ORDER BY strftime('%Y-%m', sold_on)) AS running FROM sales GROUP BY 1, 2 ORDER BY 2, 1 LIMIT 8
SELECT dept_id, full_name, salary FROM staff s WHERE salary = (SELECT MAX(salary) FROM staff WHERE dept_id = s.dept_id) ORDER BY 1
SELECT region, AVG(amount) FILTER (WHERE qty >= 2) AS a, SUM(qty) FILTER (WHERE strftime('%Y', sold_on) = '2024') AS q FROM sales GROUP BY region ORDER BY a
SELECT name, CASE WHEN price < 50 THEN 'cheap' WHEN price < 150 THEN 'mid' ELSE 'dear' END AS band, COUNT(*) OVER (PARTITION BY CASE WHEN price < 50 THEN 'cheap' WHEN price < 150 THEN 'mid' ELSE 'dear' END) AS n FROM items ORDER BY price
SELECT group_concat(DISTINCT region) AS regions, group_concat(name, ' | ') FROM sales JOIN items USING (item_id) WHERE sale_id < 4
SELECT date('now') >= date('now', '-1 year'), strftime('%Y', 'now') + 0 > 2000, datetime(1714550400, 'unixepoch', '+2 hours'), julianday('2024-01-02') - julianday('2024-01-01')
SELECT full_name || ' <' || coalesce(email, '?') || '>' AS label FROM staff WHERE email LIKE '%shop%' OR email ISNULL ORDER BY lower(full_name) DESC LIMIT 3
WITH RECURSIVE under(id, lvl) AS (VALUES (1, 0) UNION ALL SELECT emp_id, lvl + 1 FROM staff JOIN under ON manager_id = id) SELECT lvl, COUNT(*) FROM under GROUP BY lvl
SELECT s.region, s.sold_on, (SELECT SUM(amount) FROM sales p WHERE p.region = s.region AND p.sold_on <= s.sold_on) AS running FROM sales s WHERE s.region = 'EU' ORDER BY s.sold_on LIMIT 5
SELECT lag(temperature, 1, 0.0) OVER (ORDER BY ts) AS prev, lead(temperature) OVER (ORDER BY ts), last_value(temperature) OVER (ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM readings WHERE sensor_id = 's1' LIMIT 4
SELECT category, COUNT(*) n, SUM(price) FROM items WHERE category IN ('light', 'seat') GROUP BY category HAVING n > 1 ORDER BY n, category DESC
SELECT * FROM items i CROSS JOIN quarters q ON i.item_id = q.q1 OR q.city = 'Oslo' ORDER BY 1
SELECT sensor_id, COUNT(temperature) AS known, COUNT(*) - COUNT(temperature) AS missing, 100.0 * AVG(temperature IS NULL) AS pct FROM readings GROUP BY sensor_id
SELECT EXISTS (SELECT 1 FROM returns WHERE reason IS NULL) AS any_missing, NOT EXISTS (SELECT 1 FROM sales WHERE qty < 0)
SELECT key, COUNT(*) FROM items, json_each(items.attrs) GROUP BY key ORDER BY 2 DESC, 1
SELECT full_name, j.value AS skill FROM staff s CROSS JOIN json_each(s.skills) j WHERE j.key = 0 ORDER BY 1
