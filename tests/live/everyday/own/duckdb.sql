SELECT sensor_id, ts, temperature FROM readings QUALIFY ROW_NUMBER() OVER (PARTITION BY sensor_id ORDER BY temperature DESC NULLS LAST, ts) <= 2 ORDER BY sensor_id, temperature DESC;
SELECT sensor_id, ts, avg(temperature) OVER (PARTITION BY sensor_id ORDER BY ts RANGE BETWEEN INTERVAL 3 DAYS PRECEDING AND INTERVAL 3 DAYS FOLLOWING) AS smooth FROM readings ORDER BY ALL LIMIT 15
SELECT region, sold_on, sum(amount) OVER w AS running, lag(amount, 1, 0) OVER w AS prev FROM sales WINDOW w AS (PARTITION BY region ORDER BY sold_on) ORDER BY region, sold_on
SELECT emp_id, salary, quantile_cont(salary, 0.5) OVER (PARTITION BY dept_id) AS med, first(full_name ORDER BY salary DESC) OVER (PARTITION BY dept_id) AS top FROM staff ORDER BY emp_id
FROM sales SELECT region, sum(amount) AS total GROUP BY ALL ORDER BY total DESC
FROM departments ORDER BY dept_id
SELECT region, count(*) FILTER (qty > 2) AS big, sum(amount) FILTER (WHERE year(sold_on) = 2024) AS this_year FROM sales GROUP BY region ORDER BY region
SELECT region, year(sold_on) AS y, sum(amount) AS total, grouping(region, year(sold_on)) AS g FROM sales GROUP BY GROUPING SETS ((region, y), (region), ()) ORDER BY ALL
SELECT category, region, sum(qty) FROM sales JOIN items USING (item_id) GROUP BY ROLLUP (category, region) ORDER BY 1 NULLS LAST, 2 NULLS LAST
SELECT category, region, count(*) AS n FROM sales NATURAL JOIN items GROUP BY CUBE (category, region) ORDER BY ALL
WITH RECURSIVE chain AS (SELECT emp_id, full_name, 1 AS depth, [emp_id] AS path FROM staff WHERE manager_id IS NULL UNION ALL SELECT s.emp_id, s.full_name, depth + 1, list_append(path, s.emp_id) FROM staff s JOIN chain c ON s.manager_id = c.emp_id) SELECT depth, full_name, path FROM chain ORDER BY path
SELECT d.dept_name, t.full_name FROM departments d, LATERAL (SELECT full_name, salary FROM staff s WHERE s.dept_id = d.dept_id ORDER BY salary DESC LIMIT 1) t ORDER BY 1
SELECT sensor_id, meta->>'$.unit' AS unit, (meta->'limits'->>'high')::INT AS high, json_extract_string(meta, '$.tags[0]') AS tag, meta.limits.low FROM sensors ORDER BY sensor_id
SELECT json_extract(meta, ['$.limits.low', '$.limits.high']) AS both, json_keys(meta) AS keys, json_array_length(meta, '$.tags') FROM sensors WHERE meta IS NOT NULL ORDER BY sensor_id
SELECT event_id, payload->>'page' AS page, CAST(payload->'ms' AS INTEGER) AS ms, from_json(payload->'cart', '["INTEGER"]') AS cart FROM events WHERE (payload->>'ms')::INT > 150 ORDER BY 1
SELECT sensor_id, je.key, je.value FROM sensors, json_each(sensors.meta) AS je ORDER BY sensor_id, je.key
SELECT item_id, unnest(tags) AS tag FROM items ORDER BY ALL
SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM items) GROUP BY tag ORDER BY n DESC, tag
SELECT name, t.tag FROM items, unnest(tags) AS t(tag) WHERE t.tag != 'home' ORDER BY ALL
SELECT name, list_transform(sizes, x -> x * 2) AS doubled, list_filter(sizes, lambda x: x > 30) AS big, list_sum(sizes), sizes[1:2] AS head, sizes[-1] AS last FROM items ORDER BY item_id
SELECT name, [s / 10 FOR s IN sizes IF s >= 20] AS dm, len(tags) AS n, list_contains(tags, 'home'), array_to_string(list_sort(tags), '+') FROM items ORDER BY item_id
SELECT name, attrs.color, attrs.dims.w AS width, attrs['watts'] AS watts, struct_extract(attrs, 'color') FROM items ORDER BY item_id
SELECT {'name': full_name, 'dept': dept_id} AS person, struct_pack(a := emp_id, b := grade) AS s, row(emp_id, grade) FROM staff ORDER BY emp_id
SELECT event_id, props['a'] AS a, map_keys(props), element_at(props, 'b'), cardinality(props) FROM events ORDER BY event_id LIMIT 5
SELECT date_trunc('month', sold_on) AS month, sum(amount) AS revenue, round(100 * revenue / sum(revenue) OVER (), 2) AS pct FROM sales GROUP BY month ORDER BY month
SELECT dayname(sold_on) AS day, isodow(sold_on) AS d, monthname(sold_on), count(*) FROM sales GROUP BY ALL ORDER BY d, 3
SELECT full_name, age(DATE '2024-06-01', hired_on) AS tenure, date_diff('month', hired_on, DATE '2024-06-01') AS months, extract('year' FROM hired_on) FROM staff ORDER BY emp_id
SELECT time_bucket(INTERVAL '6 hours', ts) AS bucket, min(temperature), max(temperature), arg_max(sensor_id, temperature) FROM readings GROUP BY bucket ORDER BY bucket
SELECT unnest(generate_series(DATE '2024-01-01', DATE '2024-06-01', INTERVAL 1 MONTH))::DATE AS month
SELECT r.range AS month, count(s.sale_id) FROM range(DATE '2024-01-01', DATE '2024-07-01', INTERVAL 1 MONTH) r LEFT JOIN sales s ON date_trunc('month', s.sold_on) = r.range GROUP BY r.range ORDER BY 1
SELECT strftime(occurred_at AT TIME ZONE 'UTC', '%Y-%m-%d %H:00') AS hour, count(*) FROM events GROUP BY hour ORDER BY hour LIMIT 6
SELECT strptime('05/03/2024', '%d/%m/%Y')::DATE AS d, last_day(DATE '2024-02-10'), make_date(2024, 5, 6), epoch(TIMESTAMP '2024-01-01'), DATE '2024-01-31' + INTERVAL 1 MONTH, today() > DATE '2020-01-01'
SELECT split_part(email, '@', 2) AS domain, count(*) FROM staff WHERE email IS NOT NULL GROUP BY domain ORDER BY 2 DESC
SELECT regexp_extract(url, 'ref=(\w+)', 1) AS ref, regexp_extract(url, '(https?)://([^/]+)', ['proto', 'host']) AS parts, count(*) FROM events GROUP BY ALL ORDER BY ref
SELECT full_name[1:3] AS abbr, upper(full_name), full_name.lower().replace(' ', '.') AS login, string_split(full_name, ' ')[2] AS surname FROM staff ORDER BY emp_id
SELECT format('{} earns {:.2f}', full_name, salary::DOUBLE), printf('%05d', emp_id), lpad(emp_id::VARCHAR, 4, '0'), levenshtein(full_name, 'Tom Read') FROM staff ORDER BY emp_id
SELECT full_name FROM staff WHERE full_name ILIKE '%berg' OR full_name GLOB 'T*' OR full_name SIMILAR TO '.*Holm' OR regexp_matches(full_name, 'Li(m|n)a') ORDER BY full_name
SELECT sensor_id, median(temperature), quantile_cont(temperature, [0.25, 0.75]) AS iqr, quantile_disc(temperature, 0.9), percentile_cont(0.5) WITHIN GROUP (ORDER BY humidity), mode(flags), mad(temperature) FROM readings GROUP BY sensor_id ORDER BY sensor_id
SELECT dept_id, string_agg(full_name, ', ' ORDER BY hired_on) AS names, list(grade ORDER BY grade DESC) AS grades, group_concat(DISTINCT location), histogram(grade) FROM staff JOIN departments USING (dept_id) GROUP BY dept_id ORDER BY dept_id
SELECT DISTINCT ON (user_id) user_id, event_type, occurred_at FROM events ORDER BY user_id, occurred_at DESC
SELECT * EXCLUDE (email, skills) REPLACE (round(salary / 1000) AS salary) FROM staff ORDER BY emp_id
SELECT COLUMNS('q[12]') FROM quarters ORDER BY city
SELECT min(COLUMNS(* EXCLUDE (city))) FROM quarters
SELECT s.sale_id, s.sold_on, p.price FROM sales s ASOF JOIN prices p ON s.item_id = p.item_id AND s.sold_on >= p.valid_from ORDER BY s.sale_id LIMIT 20
SELECT i.name FROM items i SEMI JOIN sales s ON s.item_id = i.item_id AND s.region = 'EU' ORDER BY 1
SELECT i.name FROM items i ANTI JOIN returns r ON r.sale_id = i.item_id ORDER BY 1
SELECT a.name, b.city FROM items a POSITIONAL JOIN quarters b ORDER BY a.item_id
SELECT count(*) FROM readings USING SAMPLE 100%
SELECT count(*) > 0 FROM (SELECT * FROM readings USING SAMPLE reservoir(20 ROWS) REPEATABLE (42))
SELECT item_id FROM items EXCEPT ALL SELECT item_id FROM sales WHERE region = 'EU' ORDER BY 1
SELECT region, 1 AS a FROM sales WHERE qty = 4 UNION BY NAME SELECT 2 AS a, 'x' AS other ORDER BY ALL
SELECT a.full_name, b.full_name FROM staff a JOIN staff b ON a.dept_id = b.dept_id AND a.emp_id < b.emp_id WHERE a.left_on IS NOT DISTINCT FROM b.left_on ORDER BY ALL
SELECT * FROM sales WHERE (region, qty) IN (('EU', 2), ('US', 3)) ORDER BY sale_id LIMIT 3 OFFSET 2
SELECT v.code, count(s.sale_id) FROM (VALUES ('EU', 'Europe'), ('AF', 'Africa')) v(code, label) LEFT JOIN sales s ON s.region = v.code GROUP BY ALL ORDER BY ALL
SELECT emp_id, CASE WHEN grade >= 7 THEN 'senior' WHEN grade >= 5 THEN 'mid' ELSE 'junior' END AS level, ifnull(manager_id, -1), coalesce(is_remote, false), try_cast('x' AS INTEGER), '42'::BIGINT, if(grade > 5, 'a', 'b') FROM staff ORDER BY emp_id
SELECT count(*) AS "Total Rows" /* all */ FROM main.readings -- the raw table
SELECT name, price FROM items i WHERE price > (SELECT avg(price) FROM items WHERE category = i.category)
SELECT dept_name FROM departments d WHERE NOT EXISTS (FROM staff WHERE dept_id = d.dept_id) OR budget >= ALL (SELECT budget FROM departments)
SELECT d.dept_name, s.full_name FROM departments d FULL JOIN staff s ON s.dept_id = d.dept_id AND s.is_remote ORDER BY ALL NULLS FIRST
WITH totals AS MATERIALIZED (SELECT region, sum(amount) total FROM sales GROUP BY region) SELECT region, total, rank() OVER (ORDER BY total DESC) rk, cume_dist() OVER (ORDER BY total), ntile(2) OVER (ORDER BY total) FROM totals ORDER BY rk
SELECT list_aggregate(list(amount), 'avg') AS a, list_reduce([1, 2, 3], (x, y) -> x + y) AS r, list_zip([1, 2], ['a', 'b']), flatten([[1], [2, 3]]), list_distinct([1, 1, 2]) FROM sales
SELECT total: sum(amount), region FROM sales GROUP BY region ORDER BY region
SELECT corr(temperature, humidity), regr_slope(temperature, humidity), stddev(temperature), kurtosis(humidity), approx_count_distinct(flags) > 3 FROM readings
SELECT region, sold_on, amount FROM sales WHERE sold_on BETWEEN '2024-01-01' AND '2024-02-15' AND region NOT IN ('US') ORDER BY ALL DESC LIMIT 40%
SELECT payload->>'page' AS page, count(*) AS n, round(avg((payload->>'ms')::INT), 1) AS ms FROM events GROUP BY page ORDER BY n DESC, page
SELECT json_array_length(payload->'cart') AS n, coalesce(payload->'cart'->>0, 'x') AS first FROM events ORDER BY event_id LIMIT 5
SELECT x.payload->>'$.page' FROM (SELECT payload FROM events ORDER BY event_id LIMIT 5) x
SELECT attrs.color AS color, sum(attrs.watts) FROM items GROUP BY attrs.color ORDER BY ALL
SELECT i.attrs.color, i.attrs.dims.h FROM items i WHERE i.attrs.dims.w > 5 ORDER BY i.item_id
SELECT full_name.upper() AS u, email.split_part('@', 2) AS domain FROM staff WHERE full_name.starts_with('A') OR full_name.contains('Z')
SELECT list_transform(skills, x -> x.upper()) AS up, skills.list_sort().array_to_string('/') AS j FROM staff ORDER BY emp_id
SELECT [x.upper() FOR x IN skills IF x.length() > 2] AS l FROM staff ORDER BY emp_id
SELECT count(*) FILTER (WHERE 'sql' IN skills) AS sql_people, count_if(is_remote) AS remote FROM staff
SELECT emp_id, unnest(skills) AS skill, generate_subscripts(skills, 1) AS pos FROM staff ORDER BY ALL
SELECT 'home' = ANY(tags) AS has, list_has_any(tags, ['bar', 'soft']), tags && ['bar'] FROM items ORDER BY item_id
SELECT region, sum(amount) FILTER (WHERE sold_on < '2024-01-01') AS y23, avg(amount)::DECIMAL(10, 2) AS a FROM sales GROUP BY 1 HAVING sum(qty) > 10 ORDER BY 1
SELECT sensor_id, ts, temperature, avg(temperature) OVER seven AS m7 FROM readings WINDOW seven AS (PARTITION BY sensor_id ORDER BY ts ROWS 6 PRECEDING) ORDER BY 1, 2 LIMIT 9
SELECT dept_name, max_by(full_name, salary) AS best, min(salary), any_value(location) FROM staff JOIN departments USING (dept_id) GROUP BY dept_name ORDER BY ALL
SELECT * FROM sales WHERE amount = (SELECT max(amount) FROM sales) ORDER BY sale_id
SELECT * EXCLUDE (dept_id, emp_id), COLUMNS('^sal') / 12 FROM staff ORDER BY emp_id LIMIT 2
SELECT COLUMNS(c -> c LIKE 'q%') * 2 FROM quarters
SELECT city, sum(v) FROM (SELECT city, unnest([q1, q2, q3, q4]) AS v FROM quarters) GROUP BY city ORDER BY city
SELECT date_part('year', sold_on) AS y, strftime(sold_on, '%b') AS m, count(*) AS n FROM sales GROUP BY ALL ORDER BY y, n DESC, m LIMIT 5
SELECT full_name, hired_on + INTERVAL '90 days' AS probation, datediff('day', hired_on, '2024-01-01'::DATE), hired_on::TIMESTAMP::VARCHAR FROM staff ORDER BY 1
SELECT format('{:,}', 1234567), printf('%.2f', 3.14159), 'a' || 1, concat('a', NULL, 'b'), concat_ws('-', 1, 2), 'abc'[2], 5 // 2, 5 % 3, 2 ** 3, 7 / 2
