SELECT * FROM customers
SELECT name, city FROM customers WHERE country = 'Peru' ORDER BY name
SELECT DISTINCT city FROM customers
SELECT COUNT(*), COUNT(DISTINCT customer_id) FROM orders
SELECT `name` FROM `products` WHERE `price` BETWEEN 10 AND 20
SELECT name FROM customers WHERE name LIKE 'A%'
SELECT name FROM customers WHERE name REGEXP '^A'
SELECT name FROM customers WHERE name RLIKE 'n$' AND name NOT REGEXP '[0-9]'
SELECT name FROM customers WHERE email IS NULL OR vip = 1
SELECT name FROM customers WHERE email <=> notes
SELECT name FROM customers WHERE city IN ('Lima', 'Quito')
SELECT name FROM customers WHERE NOT vip
SELECT name, price FROM products ORDER BY price DESC LIMIT 5
SELECT name FROM products ORDER BY price LIMIT 20, 10
SELECT name FROM products ORDER BY price LIMIT 10 OFFSET 20
SELECT name FROM products ORDER BY price FETCH FIRST 5 ROWS ONLY
SELECT category, COUNT(*) AS n FROM products GROUP BY category HAVING n > 3
SELECT category, AVG(price), MIN(price), MAX(price), SUM(stock) FROM products GROUP BY category
SELECT category, ROUND(AVG(price), 2) FROM products GROUP BY category
SELECT country, city, COUNT(*) FROM customers GROUP BY country, city WITH ROLLUP
SELECT GROUP_CONCAT(name ORDER BY name SEPARATOR ', ') FROM products
SELECT category, GROUP_CONCAT(DISTINCT name) FROM products GROUP BY category
SELECT STD(price), STDDEV(price), STDDEV_POP(price), STDDEV_SAMP(price), VARIANCE(price), VAR_POP(price), VAR_SAMP(price) FROM products
SELECT BIT_AND(stock), BIT_OR(stock), BIT_XOR(stock) FROM products
SELECT DISTINCT category, MEDIAN(price) OVER (PARTITION BY category) FROM products
SELECT DISTINCT category, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY price) OVER (PARTITION BY category) FROM products
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
SELECT c.name, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name
SELECT c.name, o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id
SELECT e.name, m.name FROM employees e LEFT JOIN employees m ON m.id = e.manager_id
SELECT a.name, b.name FROM products a CROSS JOIN products b WHERE a.id < b.id
SELECT name FROM customers JOIN (SELECT customer_id AS id FROM orders) x USING (id)
SELECT c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
SELECT name FROM customers UNION SELECT name FROM employees
SELECT name FROM customers UNION ALL SELECT name FROM employees
SELECT city FROM customers EXCEPT SELECT department FROM employees
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders
SELECT name, CASE WHEN price < 10 THEN 'cheap' ELSE 'dear' END FROM products
SELECT COALESCE(email, 'none'), IFNULL(notes, ''), NULLIF(city, '') FROM customers
SELECT NVL(email, 'none'), NVL2(email, 'yes', 'no') FROM customers
SELECT IF(stock > 0, 'yes', 'no') FROM products
SELECT GREATEST(stock, 0), LEAST(stock, 100) FROM products
SELECT CAST(price AS SIGNED), CAST(price AS CHAR), CONVERT(price, DECIMAL(10, 1)) FROM products
SELECT UPPER(name), LOWER(city), UCASE(name), LCASE(name), LENGTH(name), CHAR_LENGTH(name) FROM customers
SELECT SUBSTRING(name, 1, 3), SUBSTR(name, 2), MID(name, 2, 2), LEFT(name, 2), RIGHT(name, 2) FROM customers
SELECT SUBSTRING_INDEX(email, '@', -1) FROM customers
SELECT TRIM(name), LTRIM(name), RTRIM(name), TRIM(LEADING 'x' FROM name) FROM customers
SELECT REPLACE(email, '@', ' at '), REVERSE(name), REPEAT('*', 3) FROM customers
SELECT LOCATE('@', email), INSTR(email, '@'), POSITION('@' IN email) FROM customers
SELECT CONCAT(name, ' (', city, ')'), CONCAT_WS(', ', name, city, country) FROM customers
SELECT LPAD(id, 5, '0'), RPAD(name, 20, ' '), SPACE(3) FROM customers
SELECT REGEXP_REPLACE(name, '[aeiou]', '*'), REGEXP_SUBSTR(email, '@.*'), REGEXP_INSTR(email, '@') FROM customers
SELECT ASCII(name), CHAR(65), HEX(name), MD5(name), SHA1(name), CRC32(name) FROM customers
SELECT FORMAT(total, 2) FROM orders
SELECT FIELD(status, 'open', 'paid', 'sent'), ELT(1, 'a', 'b'), FIND_IN_SET('b', 'a,b,c') FROM orders
SELECT STRCMP(name, city), SOUNDEX(name) FROM customers
SELECT name FROM customers WHERE name SOUNDS LIKE 'Ann'
SELECT ROUND(price, 1), TRUNCATE(price, 1), CEIL(price), CEILING(price), FLOOR(price) FROM products
SELECT ABS(total), SIGN(total), SQRT(total), POW(total, 2), POWER(total, 2), EXP(1), LN(10), LOG(10), LOG10(100), LOG2(8) FROM orders
SELECT MOD(id, 2), id % 3, id DIV 2, id & 1, id | 2, id ^ 3, id << 1 FROM orders
SELECT PI(), SIN(weight), COS(weight), TAN(weight), ATAN2(weight, 2), DEGREES(weight), RADIANS(weight) FROM products
SELECT RAND()
SELECT name FROM customers ORDER BY RAND() LIMIT 3
SELECT NOW(), CURDATE(), CURTIME(), CURRENT_DATE, CURRENT_TIMESTAMP
SELECT id FROM orders WHERE ordered_at >= NOW() - INTERVAL 30 DAY
SELECT id FROM orders WHERE ordered_at >= DATE_SUB(CURDATE(), INTERVAL 7 DAY)
SELECT id, DATE_ADD(ordered_at, INTERVAL 1 HOUR), ADDDATE(ordered_at, 3) FROM orders
SELECT DATE_FORMAT(ordered_at, '%Y-%m') AS month, SUM(total) FROM orders GROUP BY month ORDER BY month
SELECT YEAR(ordered_at), MONTH(ordered_at), DAY(ordered_at), HOUR(ordered_at), MINUTE(ordered_at) FROM orders
SELECT DAYOFWEEK(ordered_at), WEEKDAY(ordered_at), DAYOFYEAR(ordered_at), WEEK(ordered_at), QUARTER(ordered_at) FROM orders
SELECT DAYNAME(ordered_at), MONTHNAME(ordered_at), LAST_DAY(ordered_at) FROM orders
SELECT EXTRACT(YEAR FROM ordered_at), EXTRACT(MONTH FROM ordered_at) FROM orders
SELECT DATEDIFF(shipped_at, ordered_at) FROM orders
SELECT TIMESTAMPDIFF(HOUR, ordered_at, shipped_at), TIMESTAMPDIFF(YEAR, born, CURDATE()) FROM orders, customers
SELECT TIMEDIFF(shipped_at, ordered_at) FROM orders
SELECT DATE(ordered_at), TIME(ordered_at) FROM orders
SELECT STR_TO_DATE('2024-01-31', '%Y-%m-%d'), MAKEDATE(2024, 31)
SELECT UNIX_TIMESTAMP(ordered_at), FROM_UNIXTIME(1700000000) FROM orders
SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00'
SELECT name, ROW_NUMBER() OVER (ORDER BY price DESC), RANK() OVER (PARTITION BY category ORDER BY price DESC) FROM products
SELECT name, DENSE_RANK() OVER w, NTILE(4) OVER w, PERCENT_RANK() OVER w, CUME_DIST() OVER w FROM products WINDOW w AS (ORDER BY price)
SELECT id, LAG(total) OVER (ORDER BY ordered_at), LEAD(total) OVER (ORDER BY ordered_at) FROM orders
SELECT id, SUM(total) OVER (ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
SELECT id, AVG(total) OVER (ORDER BY ordered_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM orders
SELECT category, FIRST_VALUE(name) OVER (PARTITION BY category ORDER BY price), NTH_VALUE(name, 2) OVER (PARTITION BY category ORDER BY price) FROM products
WITH big AS (SELECT customer_id, SUM(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id WHERE b.spent > 1000
WITH RECURSIVE chain AS (SELECT id, name, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, c.depth + 1 FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT * FROM chain
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n
VALUES (1, 'a'), (2, 'b')
SELECT JSON_EXTRACT(attributes, '$.color'), JSON_VALUE(attributes, '$.color'), JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.size')) FROM products
SELECT JSON_ARRAYAGG(name), JSON_OBJECTAGG(id, name) FROM customers
SELECT JSON_OBJECT('name', name, 'city', city), JSON_ARRAY(id, name) FROM customers
SELECT JSON_LENGTH(attributes, '$.tags') FROM products WHERE JSON_VALID(attributes)
SELECT name FROM products WHERE price > (SELECT AVG(price) FROM products)
SELECT name FROM products WHERE (category, price) IN (SELECT category, MAX(price) FROM products GROUP BY category)
SELECT name FROM products WHERE price > ALL (SELECT price FROM products WHERE category = 'Toys')
SELECT name FROM products p WHERE price = (SELECT MAX(price) FROM products q WHERE q.category = p.category)
SELECT c.name FROM customers c WHERE c.id IN (SELECT customer_id FROM orders WHERE total > 100)
SELECT status, SUM(total > 100), SUM(IF(total > 100, 1, 0)) FROM orders GROUP BY status
SELECT COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS share, status FROM orders GROUP BY status
SELECT SUM(qty * unit_price * (1 - COALESCE(discount, 0))) AS revenue FROM order_items
SELECT name FROM customers ORDER BY name COLLATE utf8mb4_general_ci
SELECT name FROM customers WHERE BINARY name = 'Ann'
