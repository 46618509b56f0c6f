SELECT * FROM customers
SELECT name, city FROM customers WHERE country = 'Peru' ORDER BY name
SELECT DISTINCT ON (customer_id) customer_id, id, ordered_at FROM orders ORDER BY customer_id, ordered_at DESC
SELECT COUNT(*), COUNT(DISTINCT customer_id) FROM orders
SELECT name FROM products WHERE price BETWEEN 10 AND 20
SELECT name FROM customers WHERE name LIKE 'A%'
SELECT name FROM customers WHERE name ILIKE '%ann%'
SELECT name FROM customers WHERE name ~ '^A.*n$'
SELECT name FROM customers WHERE name ~* 'ann'
SELECT name FROM customers WHERE name !~ '[0-9]'
SELECT name FROM customers WHERE name SIMILAR TO '(A|B)%'
SELECT name FROM customers WHERE email IS NULL OR vip IS TRUE
SELECT name FROM customers WHERE email IS DISTINCT FROM notes
SELECT name FROM customers WHERE city IN ('Lima', 'Quito')
SELECT name FROM customers WHERE city = ANY (ARRAY['Lima', 'Quito'])
SELECT name, price FROM products ORDER BY price DESC NULLS LAST LIMIT 5
SELECT name FROM products ORDER BY price OFFSET 10 ROWS FETCH FIRST 5 ROWS ONLY
SELECT category, COUNT(*) FROM products GROUP BY category HAVING COUNT(*) > 3
SELECT category, AVG(price), MIN(price), MAX(price), SUM(stock) FROM products GROUP BY category
SELECT category, ROUND(AVG(price), 2) FROM products GROUP BY category
SELECT category, string_agg(name, ', ' ORDER BY name) FROM products GROUP BY category
SELECT category, array_agg(name ORDER BY price) FROM products GROUP BY category
SELECT department, bool_or(salary > 5000), bool_and(salary > 1000), every(salary > 0) FROM employees GROUP BY department
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM products
SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY price) FROM products
SELECT mode() WITHIN GROUP (ORDER BY city) FROM customers
SELECT corr(price, stock), covar_pop(price, stock), regr_slope(price, stock) FROM products
SELECT stddev(price), stddev_pop(price), stddev_samp(price), variance(price), var_pop(price), var_samp(price) FROM products
SELECT category, status, COUNT(*) FROM products, orders GROUP BY GROUPING SETS ((category), (status), ())
SELECT country, city, COUNT(*) FROM customers GROUP BY ROLLUP (country, city)
SELECT country, city, COUNT(*), GROUPING(country) FROM customers GROUP BY CUBE (country, city)
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
SELECT c.name, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id
SELECT c.name, o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id
SELECT c.name, o.id FROM orders o FULL OUTER JOIN customers c ON c.id = o.customer_id
SELECT e.name, m.name FROM employees e LEFT JOIN employees m ON m.id = e.manager_id
SELECT name FROM customers JOIN (SELECT customer_id AS id FROM orders) x USING (id)
SELECT c.name, l.total FROM customers c CROSS JOIN LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY total DESC LIMIT 1) l
SELECT name FROM customers UNION ALL SELECT name FROM employees
SELECT city FROM customers EXCEPT SELECT department FROM employees
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders
SELECT name, CASE WHEN price < 10 THEN 'cheap' ELSE 'dear' END FROM products
SELECT COALESCE(email, 'none'), NULLIF(city, '') FROM customers
SELECT GREATEST(stock, 0), LEAST(stock, 100) FROM products
SELECT CAST(price AS INTEGER), price::text, '2024-01-01'::date FROM products
SELECT upper(name), lower(city), initcap(name), length(name), char_length(name) FROM customers
SELECT substring(name FROM 1 FOR 3), substr(name, 2), left(name, 2), right(name, 2) FROM customers
SELECT trim(name), ltrim(name), rtrim(name), btrim(name, 'x'), trim(both 'x' from name) FROM customers
SELECT replace(email, '@', ' at '), translate(name, 'abc', 'xyz') FROM customers
SELECT position('@' in email), strpos(email, '@') FROM customers
SELECT split_part(email, '@', 2) FROM customers
SELECT concat(name, ' ', city), concat_ws(', ', name, city, country) FROM customers
SELECT name || ' (' || city || ')' FROM customers
SELECT lpad(id::text, 5, '0'), rpad(name, 20), repeat('*', 3), reverse(name) FROM customers
SELECT regexp_replace(name, '[aeiou]', '*', 'g') FROM customers
SELECT name FROM customers WHERE regexp_like(name, '^A')
SELECT starts_with(name, 'A') FROM customers
SELECT ascii(name), chr(65), md5(name) FROM customers
SELECT format('%s from %s', name, city) FROM customers
SELECT to_char(ordered_at, 'YYYY-MM'), SUM(total) FROM orders GROUP BY 1 ORDER BY 1
SELECT to_char(total, 'FM999,990.00') FROM orders
SELECT to_date('2024-01-31', 'YYYY-MM-DD'), to_timestamp('2024', 'YYYY'), to_number('12.5', '99.9')
SELECT round(price, 1), trunc(price, 1), ceil(price), ceiling(price), floor(price) FROM products
SELECT abs(total), sign(total), sqrt(total), power(total, 2), exp(1.0), ln(10), log(100), cbrt(27.0) FROM orders
SELECT mod(id, 2), id % 3, div(id, 2), id & 1, id | 2, id # 3, id << 1 FROM orders
SELECT pi(), sin(weight), cos(weight), atan2(weight, 2), degrees(weight), radians(weight) FROM products
SELECT width_bucket(price, 0, 100, 5), COUNT(*) FROM products GROUP BY 1
SELECT random()
SELECT name FROM customers ORDER BY random() LIMIT 3
SELECT now(), current_date, current_timestamp, localtimestamp
SELECT id FROM orders WHERE ordered_at >= now() - interval '30 days'
SELECT id FROM orders WHERE ordered_at::date = current_date
SELECT date_trunc('month', ordered_at) AS month, SUM(total) FROM orders GROUP BY month ORDER BY month
SELECT EXTRACT(YEAR FROM ordered_at), date_part('dow', ordered_at) FROM orders
SELECT EXTRACT(EPOCH FROM shipped_at - ordered_at) / 3600 FROM orders
SELECT name, age(born), age(current_date, born) FROM customers
SELECT shipped_at - ordered_at FROM orders
SELECT make_date(2024, 1, 31), make_interval(days => 10)
SELECT ordered_at AT TIME ZONE 'UTC' FROM orders
SELECT d::date FROM generate_series('2024-01-01'::date, '2024-01-31'::date, interval '1 day') AS d
SELECT i, i * i FROM generate_series(1, 10) AS i
SELECT name, row_number() OVER (ORDER BY price DESC), rank() OVER (PARTITION BY category ORDER BY price DESC) FROM products
SELECT name, dense_rank() OVER w, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM products WINDOW w AS (ORDER BY price)
SELECT id, lag(total) OVER (ORDER BY ordered_at), lead(total, 1, 0) OVER (ORDER BY ordered_at) FROM orders
SELECT id, SUM(total) OVER (ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
SELECT id, AVG(total) OVER (ORDER BY ordered_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM orders
SELECT category, first_value(name) OVER (PARTITION BY category ORDER BY price), nth_value(name, 2) OVER (PARTITION BY category ORDER BY price) FROM products
SELECT category, COUNT(*) FILTER (WHERE stock = 0) FROM products GROUP BY category
WITH big AS (SELECT customer_id, SUM(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id WHERE b.spent > 1000
WITH RECURSIVE chain AS (SELECT id, name, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, c.depth + 1 FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT * FROM chain
VALUES (1, 'a'), (2, 'b')
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v (i, word)
SELECT attributes::json ->> 'color', attributes::jsonb -> 'size' FROM products
SELECT json_agg(name), jsonb_agg(city) FROM customers
SELECT json_build_object('name', name, 'city', city) FROM customers
SELECT jsonb_array_length(attributes::jsonb -> 'tags') FROM products
SELECT unnest(string_to_array(notes, ',')) FROM customers
SELECT array_length(string_to_array(notes, ','), 1), cardinality(string_to_array(notes, ',')) FROM customers
SELECT name FROM products WHERE price > (SELECT AVG(price) FROM products)
SELECT name FROM products WHERE (category, price) IN (SELECT category, MAX(price) FROM products GROUP BY category)
SELECT name FROM products WHERE price > ALL (SELECT price FROM products WHERE category = 'Toys')
SELECT c.name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 100)
SELECT COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS share, status FROM orders GROUP BY status
SELECT SUM(qty * unit_price * (1 - COALESCE(discount, 0))) AS revenue FROM order_items
