SELECT * FROM customers
FROM customers
FROM products SELECT name, price WHERE stock > 0
SELECT * EXCLUDE (notes) FROM customers
SELECT * REPLACE (upper(name) AS name) FROM customers
SELECT name, city FROM customers WHERE country = 'Peru' ORDER BY ALL
SELECT category, status, COUNT(*) FROM products, orders GROUP BY ALL
SELECT DISTINCT ON (customer_id) customer_id, id FROM orders ORDER BY customer_id, ordered_at DESC
SELECT COUNT(*), COUNT(DISTINCT customer_id), approx_count_distinct(customer_id) FROM orders
SELECT name FROM products WHERE price BETWEEN 10 AND 20
SELECT name FROM customers WHERE name LIKE 'A%' AND name ILIKE '%n'
SELECT name FROM customers WHERE name GLOB 'A*'
SELECT name FROM customers WHERE regexp_matches(name, '^A')
SELECT name FROM customers WHERE name SIMILAR TO '(A|B).*'
SELECT name FROM customers WHERE name ~ 'A.*'
SELECT regexp_extract(email, '@(.*)$', 1), regexp_replace(name, '[aeiou]', '*', 'g') FROM customers
SELECT name FROM customers WHERE email IS NULL OR vip
SELECT name FROM customers WHERE email IS DISTINCT FROM notes
SELECT name FROM customers WHERE city IN ('Lima', 'Quito')
SELECT name FROM customers WHERE contains(name, 'nn') OR starts_with(name, 'A') OR ends_with(name, 'z')
SELECT name, price FROM products ORDER BY price DESC NULLS LAST LIMIT 5 OFFSET 2
SELECT category, COUNT(*) AS n FROM products GROUP BY category HAVING n > 3
SELECT category, AVG(price), MIN(price), MAX(price), SUM(stock), median(price) FROM products GROUP BY category
SELECT category, mode(city) FROM products, customers GROUP BY category
SELECT quantile_cont(price, 0.5), quantile_disc(price, 0.9), percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM products
SELECT arg_max(name, price), arg_min(name, price), max_by(name, price), min_by(name, price) FROM products
SELECT any_value(city), first(name), last(name) FROM customers
SELECT list(name ORDER BY price), array_agg(name), string_agg(name, ', '), group_concat(name) FROM products
SELECT bool_or(vip), bool_and(vip), count_if(vip) FROM customers
SELECT stddev(price), stddev_pop(price), variance(price), var_pop(price), skewness(price), kurtosis(price) FROM products
SELECT corr(price, stock), covar_samp(price, stock), regr_slope(price, stock) FROM products
SELECT country, city, COUNT(*) FROM customers GROUP BY ROLLUP (country, city)
SELECT country, city, COUNT(*), GROUPING(country) FROM customers GROUP BY CUBE (country, city)
SELECT country, COUNT(*) FROM customers GROUP BY GROUPING SETS ((country), ())
SELECT histogram(category) FROM products
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
SELECT c.name, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.name
SELECT c.name, o.id FROM orders o FULL JOIN customers c ON c.id = o.customer_id
SELECT name FROM customers SEMI JOIN orders ON orders.customer_id = customers.id
SELECT name FROM customers ANTI JOIN orders ON orders.customer_id = customers.id
SELECT e.name, m.name FROM employees e LEFT JOIN employees m ON m.id = e.manager_id
SELECT p.name, o.id FROM orders o ASOF JOIN products p ON o.ordered_at >= p.added
SELECT c.name, l.total FROM customers c, LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY total DESC LIMIT 1) l
SELECT name FROM customers UNION ALL SELECT name FROM employees
SELECT city FROM customers EXCEPT SELECT department FROM employees
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders
SELECT name, CASE WHEN price < 10 THEN 'cheap' ELSE 'dear' END FROM products
SELECT COALESCE(email, 'none'), NULLIF(city, ''), IFNULL(notes, '') FROM customers
SELECT if(stock > 0, 'yes', 'no') FROM products
SELECT greatest(stock, 0), least(stock, 100) FROM products
SELECT CAST(price AS INTEGER), price::VARCHAR, TRY_CAST(notes AS INTEGER) FROM products, customers
SELECT upper(name), lower(city), length(name), strlen(name), reverse(name) FROM customers
SELECT substring(name, 1, 3), substr(name, 2), left(name, 2), right(name, 2), name[1:3] FROM customers
SELECT trim(name), ltrim(name), rtrim(name, '.') FROM customers
SELECT replace(email, '@', ' at '), translate(name, 'abc', 'xyz'), repeat('*', 3) FROM customers
SELECT position('@' IN email), strpos(email, '@'), instr(email, '@') FROM customers
SELECT split_part(email, '@', 2), string_split(email, '@'), str_split(email, '@') FROM customers
SELECT concat(name, ' ', city), concat_ws(', ', name, city), name || city FROM customers
SELECT lpad(name, 20, ' '), rpad(name, 20, ' ') FROM customers
SELECT format('{} from {}', name, city), printf('%d', id) FROM customers
SELECT levenshtein(name, 'Anna'), jaccard(name, 'Anna'), jaro_winkler_similarity(name, 'Anna') FROM customers
SELECT md5(name), hash(name), hex(name) FROM customers
SELECT round(price, 1), trunc(price), ceil(price), floor(price), even(price) FROM products
SELECT abs(total), sign(total), sqrt(total), pow(total, 2), exp(1), ln(10), log(100), log2(8), cbrt(27) FROM orders
SELECT mod(id, 2), id % 3, id // 2, id & 1, id | 2, xor(id, 3), id << 1 FROM orders
SELECT pi(), sin(weight), cos(weight), atan2(weight, 2), degrees(weight), radians(weight) FROM products
SELECT random()
SELECT name FROM customers ORDER BY random() LIMIT 3
SELECT name FROM customers USING SAMPLE 3
SELECT today(), now(), current_date, current_timestamp
SELECT id FROM orders WHERE ordered_at >= now() - INTERVAL 30 DAY
SELECT id FROM orders WHERE ordered_at >= current_date - INTERVAL '7 days'
SELECT date_trunc('month', ordered_at) AS month, SUM(total) FROM orders GROUP BY month ORDER BY month
SELECT year(ordered_at), month(ordered_at), day(ordered_at), hour(ordered_at), dayofweek(ordered_at), quarter(ordered_at), week(ordered_at) FROM orders
SELECT EXTRACT(YEAR FROM ordered_at), date_part('dow', ordered_at), datepart('hour', ordered_at) FROM orders
SELECT date_diff('day', ordered_at, shipped_at), datediff('hour', ordered_at, shipped_at), date_sub('day', ordered_at, shipped_at) FROM orders
SELECT strftime(ordered_at, '%Y-%m'), strptime('2024-01-31', '%Y-%m-%d') FROM orders
SELECT monthname(ordered_at), dayname(ordered_at), last_day(ordered_at) FROM orders
SELECT age(born), age(current_date, born) FROM customers
SELECT make_date(2024, 1, 31), make_timestamp(2024, 1, 31, 12, 0, 0)
SELECT epoch(ordered_at), epoch_ms(ordered_at), to_days(3) FROM orders
SELECT time_bucket(INTERVAL '7 days', ordered_at), COUNT(*) FROM orders GROUP BY 1
SELECT * FROM range(10)
SELECT * FROM generate_series(1, 10)
SELECT unnest(range(1, 5)), unnest([1, 2, 3])
SELECT list_sort(list(price)), list_distinct(list(category)), len(list(name)) FROM products
SELECT list_transform([1, 2, 3], x -> x * 2), list_filter([1, 2, 3], x -> x > 1)
SELECT [x * 2 FOR x IN [1, 2, 3]]
SELECT {'name': name, 'city': city} FROM customers
SELECT name, row_number() OVER (ORDER BY price DESC), rank() OVER (PARTITION BY category ORDER BY price DESC) FROM products
SELECT name, dense_rank() OVER w, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM products WINDOW w AS (ORDER BY price)
SELECT id, lag(total) OVER (ORDER BY ordered_at), lead(total, 1, 0) OVER (ORDER BY ordered_at) FROM orders
SELECT name, category FROM products QUALIFY row_number() OVER (PARTITION BY category ORDER BY price DESC) = 1
SELECT id, SUM(total) OVER (ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
SELECT id, AVG(total) OVER (ORDER BY ordered_at RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND CURRENT ROW) FROM orders
SELECT category, first_value(name) OVER (PARTITION BY category ORDER BY price), nth_value(name, 2) OVER (PARTITION BY category ORDER BY price) FROM products
SELECT category, COUNT(*) FILTER (WHERE stock = 0), COUNT(*) FILTER (stock > 0) FROM products GROUP BY category
WITH big AS (SELECT customer_id, SUM(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id WHERE b.spent > 1000
WITH RECURSIVE chain AS (SELECT id, name, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, c.depth + 1 FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT * FROM chain
VALUES (1, 'a'), (2, 'b')
PIVOT orders ON status USING SUM(total) GROUP BY customer_id
UNPIVOT (SELECT id, stock, weight FROM products) ON stock, weight INTO NAME measure VALUE amount
SELECT json_extract(attributes, '$.color'), attributes ->> '$.color', json_extract_string(attributes, '$.size') FROM products
SELECT SUM(qty * unit_price * (1 - COALESCE(discount, 0))) AS revenue FROM order_items
