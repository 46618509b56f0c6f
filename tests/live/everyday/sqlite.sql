SELECT * FROM customers
SELECT name, city FROM customers WHERE country = 'Peru' ORDER BY name
SELECT DISTINCT city FROM customers
SELECT COUNT(*) FROM orders
SELECT COUNT(DISTINCT customer_id) FROM orders
SELECT name FROM products WHERE price BETWEEN 10 AND 20
SELECT name FROM customers WHERE name LIKE 'A%'
SELECT name FROM customers WHERE name GLOB 'A*'
SELECT name FROM customers WHERE email IS NULL
SELECT name FROM customers WHERE city IN ('Lima', 'Quito', 'Bogota')
SELECT name FROM customers WHERE NOT vip
SELECT name, price FROM products ORDER BY price DESC LIMIT 5
SELECT name FROM products ORDER BY price LIMIT 10 OFFSET 20
SELECT category, COUNT(*) AS n FROM products GROUP BY category HAVING n > 3
SELECT category, AVG(price), MIN(price), MAX(price) FROM products GROUP BY category
SELECT category, total(stock) FROM products GROUP BY category
SELECT group_concat(name, ', ') FROM products
SELECT category, group_concat(DISTINCT name) FROM products GROUP BY category
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
SELECT c.name, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name
SELECT c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
SELECT e.name, m.name FROM employees e LEFT JOIN employees m ON m.id = e.manager_id
SELECT a.name, b.name FROM products a CROSS JOIN products b WHERE a.id < b.id AND a.category = b.category
SELECT name FROM customers NATURAL JOIN (SELECT id, name FROM customers WHERE vip)
SELECT c.name, p.name FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id
SELECT name FROM customers UNION SELECT name FROM employees
SELECT city FROM customers EXCEPT SELECT department FROM employees
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders
SELECT name, CASE WHEN price < 10 THEN 'cheap' WHEN price < 100 THEN 'fair' ELSE 'dear' END FROM products
SELECT COALESCE(email, 'none') FROM customers
SELECT IFNULL(email, notes) FROM customers
SELECT NULLIF(discount, 0) FROM order_items
SELECT iif(stock > 0, 'yes', 'no') FROM products
SELECT CAST(price AS INTEGER) FROM products
SELECT upper(name), lower(city), length(name) FROM customers
SELECT substr(name, 1, 3) FROM customers
SELECT substring(name, 2) FROM customers
SELECT trim(name), ltrim(name), rtrim(name, '.') FROM customers
SELECT replace(email, '@', ' at ') FROM customers
SELECT instr(email, '@') FROM customers
SELECT name || ' (' || city || ')' FROM customers
SELECT printf('%.2f', price) FROM products
SELECT format('%05d', id) FROM orders
SELECT hex(name) FROM customers
SELECT unicode(name), char(65, 66) FROM customers
SELECT quote(name) FROM customers
SELECT typeof(price) FROM products
SELECT round(price, 1) FROM products
SELECT abs(total), sign(total) FROM orders
SELECT ceil(price), floor(price) FROM products
SELECT sqrt(weight), power(weight, 2), exp(weight) FROM products
SELECT ln(price), log(price), log10(price), log2(price) FROM products
SELECT mod(id, 2), id % 3 FROM orders
SELECT max(stock, 0), min(stock, 100) FROM products
SELECT random()
SELECT name FROM customers ORDER BY random() LIMIT 1
SELECT id & 1, id | 2, id << 1, ~id FROM orders
SELECT date('now')
SELECT date('now', '-30 days')
SELECT datetime('now', 'localtime')
SELECT date('now', 'start of month', '+1 month', '-1 day')
SELECT strftime('%Y-%m', ordered_at), SUM(total) FROM orders GROUP BY 1
SELECT strftime('%Y', born) AS year, COUNT(*) FROM customers GROUP BY year ORDER BY year
SELECT julianday(shipped_at) - julianday(ordered_at) FROM orders
SELECT unixepoch(ordered_at) FROM orders
SELECT datetime(ordered_at, '+1 hour') FROM orders
SELECT time(ordered_at) FROM orders
SELECT id FROM orders WHERE ordered_at >= date('now', '-7 days')
SELECT CAST(strftime('%w', ordered_at) AS INTEGER) AS weekday, COUNT(*) FROM orders GROUP BY weekday
SELECT name FROM customers ORDER BY name COLLATE NOCASE
SELECT name FROM customers WHERE city = 'lima' COLLATE NOCASE
SELECT name FROM products ORDER BY price DESC NULLS LAST
SELECT name, row_number() OVER (ORDER BY price DESC) FROM products
SELECT name, rank() OVER (PARTITION BY category ORDER BY price DESC) FROM products
SELECT name, dense_rank() OVER (ORDER BY stock), ntile(4) OVER (ORDER BY stock) FROM products
SELECT name, percent_rank() OVER (ORDER BY price), cume_dist() OVER (ORDER BY price) FROM products
SELECT id, lag(total) OVER (ORDER BY ordered_at), lead(total, 1, 0) OVER (ORDER BY ordered_at) FROM orders
SELECT id, SUM(total) OVER (ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
SELECT id, AVG(total) OVER (ORDER BY ordered_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM orders
SELECT DISTINCT category, first_value(name) OVER (PARTITION BY category ORDER BY price) FROM products
SELECT category, last_value(name) OVER w, nth_value(name, 2) OVER w FROM products WINDOW w AS (PARTITION BY category ORDER BY price)
SELECT category, COUNT(*) FILTER (WHERE stock = 0) FROM products GROUP BY category
SELECT COUNT(*) * 100.0 / (SELECT COUNT(*) FROM customers) FROM customers WHERE vip
WITH big AS (SELECT customer_id, SUM(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id WHERE b.spent > 1000
WITH a AS (SELECT * FROM orders WHERE status = 'open'), b AS (SELECT * FROM a WHERE total > 10) SELECT COUNT(*) FROM b
WITH RECURSIVE chain(id, name, depth) AS (SELECT id, name, 0 FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, depth + 1 FROM employees e JOIN chain ON e.manager_id = chain.id) SELECT * FROM chain
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n
VALUES (1, 'a'), (2, 'b')
SELECT * FROM (VALUES (1), (2))
SELECT json_extract(attributes, '$.color') FROM products
SELECT attributes ->> '$.color' FROM products
SELECT json_array_length(attributes, '$.tags') FROM products
SELECT json_group_array(name) FROM products
SELECT name FROM products WHERE json_valid(attributes)
SELECT name FROM products WHERE price > (SELECT AVG(price) FROM products)
SELECT name FROM products p WHERE price = (SELECT MAX(price) FROM products q WHERE q.category = p.category)
SELECT name FROM products WHERE (category, price) IN (SELECT category, MAX(price) FROM products GROUP BY category)
SELECT status, SUM(CASE WHEN total > 100 THEN 1 ELSE 0 END) FROM orders GROUP BY status
SELECT name FROM customers WHERE born IS NOT NULL AND name NOT LIKE '%\_%' ESCAPE '\'
SELECT SUM(qty * unit_price * (1 - COALESCE(discount, 0))) AS revenue FROM order_items
SELECT name, price FROM products WHERE category IS NOT 'Toys'
