SELECT dept_name, salary, RANK() OVER w AS rnk, salary - LAG(salary) OVER w AS gap FROM staff JOIN departments USING (dept_id) WINDOW w AS (PARTITION BY dept_name ORDER BY salary DESC) ORDER BY dept_name, rnk;
SELECT sensor_id, ts, AVG(temperature) OVER (PARTITION BY sensor_id ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) AS day_avg FROM readings ORDER BY sensor_id, ts LIMIT 20
SELECT sale_id, amount, SUM(amount) OVER (ORDER BY sold_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS before FROM sales ORDER BY sale_id
SELECT region, COUNT(*) FILTER (WHERE qty > 2) AS big, COUNT(*) AS n, SUM(amount) FILTER (WHERE sold_on >= DATE '2024-01-01') AS this_year FROM sales GROUP BY region ORDER BY region
SELECT region, EXTRACT(YEAR FROM sold_on)::int AS y, SUM(amount) AS total, GROUPING(region, EXTRACT(YEAR FROM sold_on)::int) AS g FROM sales GROUP BY GROUPING SETS ((region, EXTRACT(YEAR FROM sold_on)::int), (region), ()) ORDER BY 1 NULLS LAST, 2 NULLS LAST
SELECT category, region, SUM(qty) FROM sales s JOIN items i ON i.item_id = s.item_id GROUP BY ROLLUP (category, region) ORDER BY category NULLS LAST, region NULLS LAST
SELECT category, region, COUNT(*) AS n FROM sales NATURAL JOIN items GROUP BY CUBE (category, region) HAVING COUNT(*) > 3 ORDER BY n DESC, 1, 2
WITH RECURSIVE chain AS (SELECT emp_id, full_name, 1 AS depth, ARRAY[emp_id] AS path FROM staff WHERE manager_id IS NULL UNION ALL SELECT s.emp_id, s.full_name, c.depth + 1, c.path || s.emp_id FROM staff s JOIN chain c ON s.manager_id = c.emp_id WHERE NOT s.emp_id = ANY (c.path)) SELECT depth, full_name, array_to_string(path, ' > ') FROM chain ORDER BY path
WITH RECURSIVE days(d) AS (VALUES (DATE '2024-03-01') UNION ALL SELECT (d + INTERVAL '1 day')::date FROM days WHERE d < '2024-03-10') SELECT d, COUNT(r.ts) FROM days LEFT JOIN readings r ON r.ts::date = d GROUP BY d ORDER BY d
SELECT d.dept_name, top.full_name, top.salary FROM departments d CROSS JOIN LATERAL (SELECT full_name, salary FROM staff s WHERE s.dept_id = d.dept_id ORDER BY salary DESC LIMIT 2) AS top ORDER BY 1, 3 DESC
SELECT d.dept_name, COALESCE(t.n, 0) AS heads FROM departments AS d LEFT JOIN LATERAL (SELECT COUNT(*) AS n FROM staff WHERE staff.dept_id = d.dept_id AND left_on IS NULL) t ON TRUE ORDER BY heads DESC, dept_name
SELECT sensor_id, meta->>'unit' AS unit, (meta->'limits'->>'high')::numeric AS high, meta #>> '{tags,0}' AS first_tag FROM sensors ORDER BY sensor_id
SELECT sensor_id FROM sensors WHERE meta @> '{"unit": "C"}' AND meta ? 'limits' ORDER BY sensor_id
SELECT sensor_id, jsonb_path_query_array(meta, '$.tags[*]') AS tags, jsonb_path_exists(meta, '$.limits.high ? (@ > 26)') AS hot FROM sensors WHERE meta IS NOT NULL ORDER BY 1
SELECT s.sensor_id, t.tag, t.ord FROM sensors s CROSS JOIN LATERAL jsonb_array_elements_text(s.meta->'tags') WITH ORDINALITY AS t(tag, ord) ORDER BY 1, 3
SELECT e.event_id, x.* FROM events e, json_to_record(e.payload) AS x(page text, ms int) WHERE x.ms > 150 ORDER BY 1
SELECT key, COUNT(*) FROM items, jsonb_each_text(attrs) AS kv(key, value) GROUP BY key ORDER BY key
SELECT item_id, name, unnest(tags) AS tag FROM items ORDER BY item_id, tag
SELECT tag, COUNT(*) AS n FROM items CROSS JOIN unnest(tags) AS u(tag) GROUP BY tag ORDER BY n DESC, tag
SELECT name FROM items WHERE 'home' = ANY(tags) AND tags && ARRAY['office', 'soft'] ORDER BY name
SELECT name, dims[1] AS w, dims[2:3] AS rest, array_length(dims, 1) AS n, cardinality(tags) FROM items ORDER BY item_id
SELECT date_trunc('month', sold_on)::date AS month, SUM(amount) AS revenue, ROUND(100.0 * SUM(amount) / SUM(SUM(amount)) OVER (), 2) AS pct FROM sales GROUP BY 1 ORDER BY 1
SELECT EXTRACT(ISODOW FROM sold_on) AS dow, to_char(sold_on, 'Dy') AS day_name, COUNT(*) FROM sales GROUP BY 1, 2 ORDER BY 1
SELECT full_name, AGE(DATE '2024-06-01', hired_on) AS tenure, EXTRACT(YEAR FROM AGE(DATE '2024-06-01', hired_on)) AS years FROM staff ORDER BY hired_on
SELECT g.month::date, COALESCE(SUM(s.amount), 0) AS revenue FROM generate_series(DATE '2023-01-01', DATE '2024-12-01', INTERVAL '1 month') AS g(month) LEFT JOIN sales s ON date_trunc('month', s.sold_on) = g.month GROUP BY g.month ORDER BY g.month
SELECT date_bin('6 hours', ts, TIMESTAMP '2024-03-01') AS bucket, MIN(temperature), MAX(temperature) FROM readings WHERE sensor_id = 's1' GROUP BY bucket ORDER BY bucket
SELECT occurred_at AT TIME ZONE 'Europe/Oslo' AS local_time, event_type FROM events WHERE occurred_at >= TIMESTAMPTZ '2024-05-02 00:00+00' ORDER BY occurred_at FETCH FIRST 5 ROWS ONLY
SELECT event_type, SUM(took) AS total_took, AVG(EXTRACT(EPOCH FROM took)) AS avg_s, justify_hours(SUM(took)) FROM events GROUP BY event_type ORDER BY event_type
SELECT split_part(email, '@', 2) AS domain, COUNT(*) FROM staff WHERE email IS NOT NULL GROUP BY domain ORDER BY COUNT(*) DESC, domain
SELECT regexp_replace(url, '^https?://([^/]+).*$', '\1') AS host, (regexp_match(url, 'ref=(\w+)'))[1] AS ref, COUNT(*) FROM events GROUP BY 1, 2 ORDER BY 2
SELECT full_name, upper(left(full_name, 1)) || '.' || ' ' || initcap(substring(full_name from position(' ' in full_name) + 1)) AS short FROM staff ORDER BY emp_id
SELECT format('%s (%s)', full_name, COALESCE(dept_name, 'none')) AS label, lpad(emp_id::text, 5, '0') FROM staff LEFT JOIN departments USING (dept_id) ORDER BY 1
SELECT overlay(email placing '***' from 1 for 3), reverse(full_name), translate(full_name, 'aeiou', '*****'), trim(both 'x' from 'xxhixx') FROM staff WHERE email ~ '^[a-m]' ORDER BY emp_id
SELECT full_name FROM staff WHERE full_name SIMILAR TO '%(Berg|Holm)' OR full_name ~* 'lima$' ORDER BY full_name
SELECT sensor_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY temperature) AS median, percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY temperature) AS quartiles, mode() WITHIN GROUP (ORDER BY flags) FROM readings GROUP BY sensor_id ORDER BY 1
SELECT region, rank(200) WITHIN GROUP (ORDER BY amount) AS would_be, percent_rank(200) WITHIN GROUP (ORDER BY amount) FROM sales GROUP BY region ORDER BY region
SELECT dept_id, string_agg(full_name, ', ' ORDER BY hired_on DESC) AS names, array_agg(DISTINCT grade ORDER BY grade) AS grades FROM staff GROUP BY dept_id ORDER BY dept_id
SELECT DISTINCT ON (user_id) user_id, event_type, occurred_at FROM events ORDER BY user_id, occurred_at DESC
SELECT corr(temperature, humidity), regr_slope(temperature, humidity), stddev_samp(temperature), var_pop(humidity) FROM readings WHERE temperature IS NOT NULL
SELECT s.sensor_id, hist.bucket, COUNT(*) FROM readings s, LATERAL (SELECT width_bucket(s.temperature, 0, 20, 4) AS bucket) hist WHERE s.temperature IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
SELECT item_id FROM items EXCEPT SELECT item_id FROM sales WHERE region = 'EU' ORDER BY 1
(SELECT region FROM sales WHERE qty = 4 INTERSECT SELECT region FROM sales WHERE amount > 200) UNION ALL (SELECT 'total') ORDER BY region
SELECT a.full_name, b.full_name FROM staff a JOIN staff b ON a.dept_id = b.dept_id AND a.emp_id < b.emp_id WHERE a.left_on IS NOT DISTINCT FROM b.left_on ORDER BY 1, 2
SELECT * FROM sales WHERE (region, qty) IN (('EU', 2), ('US', 3)) ORDER BY sale_id OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY
SELECT sale_id FROM sales WHERE (sold_on, sale_id) > ('2024-06-01', 50) ORDER BY sold_on, sale_id LIMIT 3
SELECT v.code, v.label, COUNT(s.sale_id) FROM (VALUES ('EU', 'Europe'), ('US', 'America'), ('AF', 'Africa')) AS v(code, label) LEFT JOIN sales s ON s.region = v.code GROUP BY v.code, v.label ORDER BY v.code
SELECT emp_id, CASE grade WHEN 9 THEN 'lead' WHEN 7 THEN 'senior' ELSE 'other' END AS level, is_remote IS TRUE AS remote, is_remote IS UNKNOWN AS unknown FROM staff ORDER BY emp_id
SELECT flags, flags & 4 AS alarm, flags | 1, flags # 3, ~flags, flags << 2, flags::bit(4) AS bits, bit_or(flags) OVER () FROM readings ORDER BY ts, sensor_id LIMIT 8
SELECT COUNT(*) AS "Total Rows", COUNT(DISTINCT sensor_id) AS "sensors seen" /* all of them */ FROM public.readings -- the raw table
SELECT salary AS amount, amount AS salary FROM staff JOIN sales ON sale_id = emp_id ORDER BY emp_id
SELECT name, price FROM items i WHERE price > (SELECT AVG(price) FROM items WHERE category = i.category) ORDER BY price DESC
SELECT dept_name FROM departments d WHERE NOT EXISTS (SELECT 1 FROM staff WHERE dept_id = d.dept_id) OR budget >= ALL (SELECT budget FROM departments)
SELECT d.dept_name, s.full_name FROM departments d FULL OUTER JOIN staff s ON s.dept_id = d.dept_id AND s.is_remote ORDER BY 1 NULLS FIRST, 2
SELECT room, lower(during) AS start, upper(during) - lower(during) AS nights FROM bookings WHERE during && daterange('2024-01-04', '2024-02-11') ORDER BY booking_id
SELECT b1.booking_id, b2.booking_id FROM bookings b1 JOIN bookings b2 ON b1.room = b2.room AND b1.booking_id < b2.booking_id AND b1.during && b2.during WHERE b1.during @> DATE '2024-01-04'
SELECT jsonb_build_object('dept', dept_name, 'people', jsonb_agg(jsonb_build_object('name', full_name, 'since', hired_on) ORDER BY emp_id)) FROM departments JOIN staff USING (dept_id) GROUP BY dept_name ORDER BY dept_name
SELECT client, host(client), masklen(client), network(set_masklen(client, 24)) AS net FROM events WHERE client << inet '10.0.1.0/24' ORDER BY event_id LIMIT 4
SELECT COUNT(*) FROM readings TABLESAMPLE SYSTEM (100)
SELECT user_id, session, COUNT(*) AS clicks, MAX(occurred_at) - MIN(occurred_at) AS length FROM (SELECT user_id, occurred_at, SUM(CASE WHEN gap > INTERVAL '15 hours' THEN 1 ELSE 0 END) OVER (PARTITION BY user_id ORDER BY occurred_at) AS session FROM (SELECT user_id, occurred_at, occurred_at - LAG(occurred_at) OVER (PARTITION BY user_id ORDER BY occurred_at) AS gap FROM events) g) s GROUP BY user_id, session ORDER BY user_id, session
SELECT to_char(amount, 'FM999,990.00') AS money, to_char(sold_on, 'YYYY"-W"IW') AS week, greatest(qty, 2), nullif(region, 'US') FROM sales ORDER BY sale_id LIMIT 6
SELECT sold_on, make_date(2024, 1, 1) - sold_on AS days, sold_on + 7, sold_on BETWEEN SYMMETRIC '2024-02-01' AND '2024-01-01' AS jan, isfinite(sold_on) FROM sales ORDER BY 1 LIMIT 5
SELECT region, SUM(amount) AS total, NTILE(2) OVER (ORDER BY SUM(amount) DESC) AS half, FIRST_VALUE(region) OVER (ORDER BY SUM(amount) DESC) AS best FROM sales GROUP BY region ORDER BY total DESC
TABLE departments ORDER BY dept_id
SELECT name, attrs - 'color' AS rest, attrs || '{"checked": true}'::jsonb AS merged, jsonb_typeof(attrs->'size') FROM items WHERE attrs IS NOT NULL ORDER BY item_id
SELECT i.name, s.total FROM items i JOIN (SELECT item_id, SUM(amount) FROM sales GROUP BY item_id) AS s(id, total) ON s.id = i.item_id ORDER BY s.total DESC
WITH monthly AS MATERIALIZED (SELECT date_trunc('quarter', sold_on) AS q, region, SUM(amount) AS total FROM sales GROUP BY 1, 2) SELECT q::date, region, total, total / NULLIF(LAG(total) OVER (PARTITION BY region ORDER BY q), 0) - 1 AS growth FROM monthly ORDER BY region, q
SELECT count(*) FILTER (WHERE payload->>'page' LIKE '/p/%') AS pages, avg((payload->>'ms')::int)::numeric(10, 2) AS avg_ms, max((payload->'cart'->0)::text) FROM events
SELECT string_to_array('a,b,c', ',') AS parts, array_position(ARRAY['x', 'y'], 'y'), ARRAY[1, 2] || 3, ARRAY(SELECT emp_id FROM staff ORDER BY emp_id LIMIT 3) AS ids
SELECT payload->>'page' AS page, count(*) AS n, round(avg((payload->>'ms')::numeric), 1) FROM events GROUP BY payload->>'page' ORDER BY n DESC, page
SELECT (payload->>'ms')::int / 50 AS bucket, count(*) FROM events GROUP BY bucket HAVING count(*) > 2 ORDER BY bucket
SELECT x.payload->>'page' FROM (SELECT payload FROM events ORDER BY event_id LIMIT 5) x
SELECT DISTINCT payload->'cart'->>0 AS first FROM events ORDER BY first
SELECT event_type, json_agg(payload->'ms' ORDER BY event_id) FROM events WHERE event_id < 9 GROUP BY event_type ORDER BY 1
SELECT jsonb_array_length(meta->'tags') FROM sensors WHERE jsonb_typeof(meta->'tags') = 'array' ORDER BY 1
SELECT full_name FROM staff WHERE skills @> ARRAY['sql'] AND NOT 'go' = ALL(skills) AND grade = ANY('{6,7}'::int[]) ORDER BY 1
SELECT emp_id, salary * 1.1 AS raised, (salary > avg(salary) OVER ())::int AS above FROM staff WHERE hired_on > now() - interval '40 years' ORDER BY emp_id
SELECT count(*) FILTER (WHERE took > interval '30 seconds') * 100.0 / count(*) AS pct FROM events
SELECT date_part('hour', occurred_at) AS h, count(*) FROM events WHERE occurred_at::date = '2024-05-03' GROUP BY 1 ORDER BY 1
SELECT region, sum(amount) FILTER (WHERE date_trunc('year', sold_on) = '2023-01-01') AS y23, sum(amount) FILTER (WHERE date_trunc('year', sold_on) = '2024-01-01') AS y24 FROM sales GROUP BY region ORDER BY region
SELECT s.*, d.dept_name FROM staff s JOIN departments d USING (dept_id) WHERE (s.dept_id, s.salary) IN (SELECT dept_id, max(salary) FROM staff GROUP BY dept_id) ORDER BY s.emp_id
SELECT coalesce(location, 'unknown') AS location, string_agg(DISTINCT dept_name, ', ' ORDER BY dept_name) FROM departments GROUP BY 1 ORDER BY 1
WITH ranked AS (SELECT *, row_number() OVER (PARTITION BY region ORDER BY amount DESC, sale_id) AS rn FROM sales) SELECT region, array_agg(sale_id ORDER BY rn) AS top3 FROM ranked WHERE rn <= 3 GROUP BY region ORDER BY region
SELECT i.name, count(r.sale_id) AS returned, count(r.sale_id)::float / count(*) AS rate FROM items i LEFT JOIN sales s USING (item_id) LEFT JOIN returns r USING (sale_id) GROUP BY i.item_id ORDER BY rate DESC, i.name
SELECT sensor_id, max(temperature) - min(temperature) AS spread FROM readings WHERE ts BETWEEN '2024-03-02' AND '2024-03-05 12:00' GROUP BY sensor_id HAVING max(temperature) - min(temperature) > 1 ORDER BY spread DESC
SELECT to_char(date_trunc('week', sold_on), 'IYYY-IW') wk, sum(qty) FROM sales WHERE extract(year from sold_on) = 2024 GROUP BY date_trunc('week', sold_on) ORDER BY date_trunc('week', sold_on)
SELECT full_name FROM staff WHERE email NOT LIKE '%@shop.example' OR email IS NULL ORDER BY full_name DESC NULLS LAST
SELECT num, num % 2 = 0 AS even, repeat('*', num) FROM generate_series(1, 5) AS num
SELECT ts, temperature, lag(temperature) OVER w AS prev, temperature - lag(temperature) OVER w AS delta, count(*) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM readings WHERE sensor_id = 's2' WINDOW w AS (ORDER BY ts) LIMIT 5
SELECT regexp_split_to_table('a,b,c', ',') AS part, regexp_count('banana', 'a'), substring('foobar' from 'o+'), position('b' in 'abc'), 'abc' ~ '^a', 'abc' !~~ 'x%'
SELECT emp_id FROM staff WHERE dept_id IN (1, 2) AND salary NOT BETWEEN 60000 AND 90000 AND is_remote IS NOT TRUE ORDER BY emp_id
SELECT percentile_cont(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY amount) FROM sales GROUP BY region ORDER BY region
SELECT d.location, count(DISTINCT s.emp_id) FILTER (WHERE s.left_on IS NULL) FROM departments d LEFT JOIN staff s ON s.dept_id = d.dept_id GROUP BY GROUPING SETS ((d.location), ()) ORDER BY d.location NULLS LAST, 2
SELECT sold_on - lag(sold_on) OVER (ORDER BY sold_on) AS days, date '2024-03-01' - interval '1 day' AS leap, sold_on::timestamp + time '10:00', extract(epoch from sold_on) FROM sales ORDER BY sold_on LIMIT 4
