# Statements that try to read, call or change what they may not, one a line, for every database.
# CTE names, scopes and shadows
SELECT * FROM pg_shadow
SELECT * FROM pg_shadow WHERE EXISTS (WITH pg_shadow AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_shadow), pg_shadow AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_shadow)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_shadow
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_shadow) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_shadow)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_shadow)
VALUES ((SELECT COUNT(*) FROM pg_shadow))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_shadow)
SELECT * FROM pg_authid
SELECT * FROM pg_authid WHERE EXISTS (WITH pg_authid AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_authid), pg_authid AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_authid)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_authid
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_authid) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_authid)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_authid)
VALUES ((SELECT COUNT(*) FROM pg_authid))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_authid)
SELECT * FROM pg_stat_activity
SELECT * FROM pg_stat_activity WHERE EXISTS (WITH pg_stat_activity AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_stat_activity), pg_stat_activity AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_stat_activity)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_stat_activity
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_stat_activity) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_stat_activity)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_stat_activity)
VALUES ((SELECT COUNT(*) FROM pg_stat_activity))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_stat_activity)
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_hba_file_rules WHERE EXISTS (WITH pg_hba_file_rules AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_hba_file_rules), pg_hba_file_rules AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_hba_file_rules)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_hba_file_rules
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_hba_file_rules) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_hba_file_rules)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_hba_file_rules)
VALUES ((SELECT COUNT(*) FROM pg_hba_file_rules))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_hba_file_rules)
SELECT * FROM pg_settings
SELECT * FROM pg_settings WHERE EXISTS (WITH pg_settings AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_settings), pg_settings AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_settings)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_settings
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_settings) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_settings)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_settings)
VALUES ((SELECT COUNT(*) FROM pg_settings))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_settings)
SELECT * FROM sqlite_master
SELECT * FROM sqlite_master WHERE EXISTS (WITH sqlite_master AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM sqlite_master), sqlite_master AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM sqlite_master)
SELECT id FROM customers UNION ALL SELECT 1 FROM sqlite_master
SELECT c.id FROM customers c, LATERAL (SELECT * FROM sqlite_master) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM sqlite_master)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM sqlite_master)
VALUES ((SELECT COUNT(*) FROM sqlite_master))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM sqlite_master)
SELECT * FROM sqlite_schema
SELECT * FROM sqlite_schema WHERE EXISTS (WITH sqlite_schema AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM sqlite_schema), sqlite_schema AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM sqlite_schema)
SELECT id FROM customers UNION ALL SELECT 1 FROM sqlite_schema
SELECT c.id FROM customers c, LATERAL (SELECT * FROM sqlite_schema) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM sqlite_schema)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM sqlite_schema)
VALUES ((SELECT COUNT(*) FROM sqlite_schema))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM sqlite_schema)
SELECT * FROM sqlite_temp_master
SELECT * FROM sqlite_temp_master WHERE EXISTS (WITH sqlite_temp_master AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM sqlite_temp_master), sqlite_temp_master AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM sqlite_temp_master)
SELECT id FROM customers UNION ALL SELECT 1 FROM sqlite_temp_master
SELECT c.id FROM customers c, LATERAL (SELECT * FROM sqlite_temp_master) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM sqlite_temp_master)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM sqlite_temp_master)
VALUES ((SELECT COUNT(*) FROM sqlite_temp_master))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM sqlite_temp_master)
SELECT * FROM duckdb_tables
SELECT * FROM duckdb_tables WHERE EXISTS (WITH duckdb_tables AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM duckdb_tables), duckdb_tables AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM duckdb_tables)
SELECT id FROM customers UNION ALL SELECT 1 FROM duckdb_tables
SELECT c.id FROM customers c, LATERAL (SELECT * FROM duckdb_tables) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM duckdb_tables)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM duckdb_tables)
VALUES ((SELECT COUNT(*) FROM duckdb_tables))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM duckdb_tables)
SELECT * FROM duckdb_settings
SELECT * FROM duckdb_settings WHERE EXISTS (WITH duckdb_settings AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM duckdb_settings), duckdb_settings AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM duckdb_settings)
SELECT id FROM customers UNION ALL SELECT 1 FROM duckdb_settings
SELECT c.id FROM customers c, LATERAL (SELECT * FROM duckdb_settings) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM duckdb_settings)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM duckdb_settings)
VALUES ((SELECT COUNT(*) FROM duckdb_settings))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM duckdb_settings)
SELECT * FROM duckdb_secrets
SELECT * FROM duckdb_secrets WHERE EXISTS (WITH duckdb_secrets AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM duckdb_secrets), duckdb_secrets AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM duckdb_secrets)
SELECT id FROM customers UNION ALL SELECT 1 FROM duckdb_secrets
SELECT c.id FROM customers c, LATERAL (SELECT * FROM duckdb_secrets) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM duckdb_secrets)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM duckdb_secrets)
VALUES ((SELECT COUNT(*) FROM duckdb_secrets))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM duckdb_secrets)
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.tables WHERE EXISTS (WITH tables AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM information_schema.tables), tables AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM information_schema.tables)
SELECT id FROM customers UNION ALL SELECT 1 FROM information_schema.tables
SELECT c.id FROM customers c, LATERAL (SELECT * FROM information_schema.tables) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM information_schema.tables)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM information_schema.tables)
VALUES ((SELECT COUNT(*) FROM information_schema.tables))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM information_schema.tables)
SELECT * FROM mysql.user
SELECT * FROM mysql.user WHERE EXISTS (WITH user AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM mysql.user), user AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM mysql.user)
SELECT id FROM customers UNION ALL SELECT 1 FROM mysql.user
SELECT c.id FROM customers c, LATERAL (SELECT * FROM mysql.user) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM mysql.user)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM mysql.user)
VALUES ((SELECT COUNT(*) FROM mysql.user))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM mysql.user)
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_catalog.pg_class WHERE EXISTS (WITH pg_class AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM pg_catalog.pg_class), pg_class AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM pg_catalog.pg_class)
SELECT id FROM customers UNION ALL SELECT 1 FROM pg_catalog.pg_class
SELECT c.id FROM customers c, LATERAL (SELECT * FROM pg_catalog.pg_class) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM pg_catalog.pg_class)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM pg_catalog.pg_class)
VALUES ((SELECT COUNT(*) FROM pg_catalog.pg_class))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM pg_catalog.pg_class)
SELECT * FROM performance_schema.threads
SELECT * FROM performance_schema.threads WHERE EXISTS (WITH threads AS (SELECT 1) SELECT 1)
WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM performance_schema.threads), threads AS (SELECT 1 AS x) SELECT * FROM b
SELECT (SELECT COUNT(*) FROM performance_schema.threads)
SELECT id FROM customers UNION ALL SELECT 1 FROM performance_schema.threads
SELECT c.id FROM customers c, LATERAL (SELECT * FROM performance_schema.threads) x
SELECT id FROM customers WHERE id IN (SELECT 1 FROM performance_schema.threads)
SELECT id FROM customers ORDER BY (SELECT COUNT(*) FROM performance_schema.threads)
VALUES ((SELECT COUNT(*) FROM performance_schema.threads))
SELECT id FROM customers LIMIT (SELECT COUNT(*) FROM performance_schema.threads)
# Whole rows, attributes and user functions
SELECT c.evil_attr FROM customers c
SELECT evil_attr(c) FROM customers c
SELECT (c).evil_attr FROM customers c
SELECT c.* FROM (SELECT 1 AS a) c, customers
SELECT row_to_json(c) FROM customers c
SELECT to_jsonb(customers) FROM customers
SELECT c::text FROM customers c
SELECT (customers.*)::text FROM customers
SELECT ROW(c.*) FROM customers c
SELECT array_agg(c) FROM customers c
SELECT evil()
SELECT main.evil()
SELECT public.evil()
SELECT * FROM evil()
SELECT * FROM evil_rows()
SELECT "evil"()
SELECT `evil`()
SELECT evil ()
SELECT id FROM customers WHERE evil() = 'x'
SELECT count(evil()) FROM customers
SELECT sum(id) FILTER (WHERE evil() IS NOT NULL) FROM customers
SELECT row_number() OVER (ORDER BY evil()) FROM customers
SELECT lower(id) FROM customers
SELECT total(id) FROM customers
SELECT [evil()]
SELECT {'a': evil()}
SELECT list_transform([1], x -> evil())
SELECT list_transform([1], lambda x: evil())
SELECT [evil() FOR x IN [1]]
SELECT CASE WHEN evil() IS NULL THEN 1 END
SELECT ARRAY[evil()]
SELECT unnest(ARRAY[evil()])
SELECT * FROM unnest([evil()])
SELECT * FROM generate_series(1, length(evil()))
SELECT id FROM customers GROUP BY ROLLUP (evil())
SELECT DISTINCT ON (evil()) id FROM customers
SELECT id FROM customers QUALIFY evil() = 'x'
SELECT string_agg(name, evil()) FROM customers
SELECT string_agg(name, ',' ORDER BY evil()) FROM customers
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY length(evil())) FROM customers
SELECT * EXCLUDE (evil_attr) FROM customers
SELECT * REPLACE (evil() AS id) FROM customers
SELECT COLUMNS(x -> evil()) FROM customers
# Functions that read, wait, change or tell
SELECT pg_read_file('/etc/passwd')
SELECT id FROM customers WHERE pg_read_file('/etc/passwd') IS NOT NULL
SELECT pg_read_binary_file('/etc/passwd')
SELECT id FROM customers WHERE pg_read_binary_file('/etc/passwd') IS NOT NULL
SELECT pg_ls_dir('/')
SELECT id FROM customers WHERE pg_ls_dir('/') IS NOT NULL
SELECT pg_stat_file('/etc/passwd')
SELECT id FROM customers WHERE pg_stat_file('/etc/passwd') IS NOT NULL
SELECT pg_ls_logdir()
SELECT id FROM customers WHERE pg_ls_logdir() IS NOT NULL
SELECT pg_ls_waldir()
SELECT id FROM customers WHERE pg_ls_waldir() IS NOT NULL
SELECT pg_sleep(9)
SELECT id FROM customers WHERE pg_sleep(9) IS NOT NULL
SELECT pg_sleep_for('9
SELECT id FROM customers WHERE pg_sleep_for('9 IS NOT NULL
SELECT s')
SELECT id FROM customers WHERE s') IS NOT NULL
SELECT pg_terminate_backend(1)
SELECT id FROM customers WHERE pg_terminate_backend(1) IS NOT NULL
SELECT pg_cancel_backend(1)
SELECT id FROM customers WHERE pg_cancel_backend(1) IS NOT NULL
SELECT pg_reload_conf()
SELECT id FROM customers WHERE pg_reload_conf() IS NOT NULL
SELECT pg_current_logfile()
SELECT id FROM customers WHERE pg_current_logfile() IS NOT NULL
SELECT pg_switch_wal()
SELECT id FROM customers WHERE pg_switch_wal() IS NOT NULL
SELECT pg_backup_start('x')
SELECT id FROM customers WHERE pg_backup_start('x') IS NOT NULL
SELECT pg_advisory_lock(1)
SELECT id FROM customers WHERE pg_advisory_lock(1) IS NOT NULL
SELECT pg_try_advisory_lock(1)
SELECT id FROM customers WHERE pg_try_advisory_lock(1) IS NOT NULL
SELECT pg_notify('a','b')
SELECT id FROM customers WHERE pg_notify('a','b') IS NOT NULL
SELECT pg_logical_emit_message(true,'a','b')
SELECT id FROM customers WHERE pg_logical_emit_message(true,'a','b') IS NOT NULL
SELECT pg_export_snapshot()
SELECT id FROM customers WHERE pg_export_snapshot() IS NOT NULL
SELECT lo_import('/etc/passwd')
SELECT id FROM customers WHERE lo_import('/etc/passwd') IS NOT NULL
SELECT lo_export(1,'/tmp/x')
SELECT id FROM customers WHERE lo_export(1,'/tmp/x') IS NOT NULL
SELECT lo_create(0)
SELECT id FROM customers WHERE lo_create(0) IS NOT NULL
SELECT lo_from_bytea(0,'x')
SELECT id FROM customers WHERE lo_from_bytea(0,'x') IS NOT NULL
SELECT lo_get(1)
SELECT id FROM customers WHERE lo_get(1) IS NOT NULL
SELECT lo_put(1,0,'x')
SELECT id FROM customers WHERE lo_put(1,0,'x') IS NOT NULL
SELECT set_config('a.b','c',false)
SELECT id FROM customers WHERE set_config('a.b','c',false) IS NOT NULL
SELECT current_setting('data_directory')
SELECT id FROM customers WHERE current_setting('data_directory') IS NOT NULL
SELECT version()
SELECT id FROM customers WHERE version() IS NOT NULL
SELECT txid_current()
SELECT id FROM customers WHERE txid_current() IS NOT NULL
SELECT query_to_xml('SELECT_1',true,true,'')
SELECT id FROM customers WHERE query_to_xml('SELECT_1',true,true,'') IS NOT NULL
SELECT table_to_xml('canary',true,true,'')
SELECT id FROM customers WHERE table_to_xml('canary',true,true,'') IS NOT NULL
SELECT database_to_xml(true,true,'')
SELECT id FROM customers WHERE database_to_xml(true,true,'') IS NOT NULL
SELECT schema_to_xml('public',true,true,'')
SELECT id FROM customers WHERE schema_to_xml('public',true,true,'') IS NOT NULL
SELECT cursor_to_xml('c',1,true,true,'')
SELECT id FROM customers WHERE cursor_to_xml('c',1,true,true,'') IS NOT NULL
SELECT xpath('/a','<a/>')
SELECT id FROM customers WHERE xpath('/a','<a/>') IS NOT NULL
SELECT xmlparse(document,'x')
SELECT id FROM customers WHERE xmlparse(document,'x') IS NOT NULL
SELECT ts_stat('SELECT_1')
SELECT id FROM customers WHERE ts_stat('SELECT_1') IS NOT NULL
SELECT ts_rewrite('a'::tsquery,'SELECT_1')
SELECT id FROM customers WHERE ts_rewrite('a'::tsquery,'SELECT_1') IS NOT NULL
SELECT dblink('x','DELETE')
SELECT id FROM customers WHERE dblink('x','DELETE') IS NOT NULL
SELECT dblink_exec('x')
SELECT id FROM customers WHERE dblink_exec('x') IS NOT NULL
SELECT nextval('s')
SELECT id FROM customers WHERE nextval('s') IS NOT NULL
SELECT currval('s')
SELECT id FROM customers WHERE currval('s') IS NOT NULL
SELECT lastval()
SELECT id FROM customers WHERE lastval() IS NOT NULL
SELECT setval('s',1)
SELECT id FROM customers WHERE setval('s',1) IS NOT NULL
SELECT to_regclass('canary')
SELECT id FROM customers WHERE to_regclass('canary') IS NOT NULL
SELECT has_table_privilege('canary','select')
SELECT id FROM customers WHERE has_table_privilege('canary','select') IS NOT NULL
SELECT pg_get_viewdef(1)
SELECT id FROM customers WHERE pg_get_viewdef(1) IS NOT NULL
SELECT pg_get_functiondef(1)
SELECT id FROM customers WHERE pg_get_functiondef(1) IS NOT NULL
SELECT obj_description(1)
SELECT id FROM customers WHERE obj_description(1) IS NOT NULL
SELECT col_description(1,1)
SELECT id FROM customers WHERE col_description(1,1) IS NOT NULL
SELECT inet_server_addr()
SELECT id FROM customers WHERE inet_server_addr() IS NOT NULL
SELECT current_database()
SELECT id FROM customers WHERE current_database() IS NOT NULL
SELECT current_schemas(true)
SELECT id FROM customers WHERE current_schemas(true) IS NOT NULL
SELECT pg_backend_pid()
SELECT id FROM customers WHERE pg_backend_pid() IS NOT NULL
SELECT pg_postmaster_start_time()
SELECT id FROM customers WHERE pg_postmaster_start_time() IS NOT NULL
SELECT convert_from(pg_read_binary_file('/etc/passwd'),'UTF8')
SELECT id FROM customers WHERE convert_from(pg_read_binary_file('/etc/passwd'),'UTF8') IS NOT NULL
SELECT load_extension('x')
SELECT id FROM customers WHERE load_extension('x') IS NOT NULL
SELECT readfile('/etc/passwd')
SELECT id FROM customers WHERE readfile('/etc/passwd') IS NOT NULL
SELECT writefile('/tmp/x','y')
SELECT id FROM customers WHERE writefile('/tmp/x','y') IS NOT NULL
SELECT edit('x')
SELECT id FROM customers WHERE edit('x') IS NOT NULL
SELECT fts3_tokenizer('simple')
SELECT id FROM customers WHERE fts3_tokenizer('simple') IS NOT NULL
SELECT sqlite_version()
SELECT id FROM customers WHERE sqlite_version() IS NOT NULL
SELECT sqlite_source_id()
SELECT id FROM customers WHERE sqlite_source_id() IS NOT NULL
SELECT sqlite_compileoption_get(1)
SELECT id FROM customers WHERE sqlite_compileoption_get(1) IS NOT NULL
SELECT last_insert_rowid()
SELECT id FROM customers WHERE last_insert_rowid() IS NOT NULL
SELECT changes()
SELECT id FROM customers WHERE changes() IS NOT NULL
SELECT total_changes()
SELECT id FROM customers WHERE total_changes() IS NOT NULL
SELECT sqlite_log(1,'x')
SELECT id FROM customers WHERE sqlite_log(1,'x') IS NOT NULL
SELECT zeroblob(2000000000)
SELECT id FROM customers WHERE zeroblob(2000000000) IS NOT NULL
SELECT randomblob(2000000000)
SELECT id FROM customers WHERE randomblob(2000000000) IS NOT NULL
SELECT getenv('HOME')
SELECT id FROM customers WHERE getenv('HOME') IS NOT NULL
SELECT getvariable('x')
SELECT id FROM customers WHERE getvariable('x') IS NOT NULL
SELECT current_query()
SELECT id FROM customers WHERE current_query() IS NOT NULL
SELECT write_log('x')
SELECT id FROM customers WHERE write_log('x') IS NOT NULL
SELECT sleep_ms(9000)
SELECT id FROM customers WHERE sleep_ms(9000) IS NOT NULL
SELECT error('x')
SELECT id FROM customers WHERE error('x') IS NOT NULL
SELECT json_execute_serialized_sql('{}')
SELECT id FROM customers WHERE json_execute_serialized_sql('{}') IS NOT NULL
SELECT json_serialize_sql('SELECT_1')
SELECT id FROM customers WHERE json_serialize_sql('SELECT_1') IS NOT NULL
SELECT json_deserialize_sql('{}')
SELECT id FROM customers WHERE json_deserialize_sql('{}') IS NOT NULL
SELECT query('SELECT_1')
SELECT id FROM customers WHERE query('SELECT_1') IS NOT NULL
SELECT query_table('canary')
SELECT id FROM customers WHERE query_table('canary') IS NOT NULL
SELECT in_search_path('a','b')
SELECT id FROM customers WHERE in_search_path('a','b') IS NOT NULL
SELECT setseed(0.5)
SELECT id FROM customers WHERE setseed(0.5) IS NOT NULL
SELECT st_read('/etc/passwd')
SELECT id FROM customers WHERE st_read('/etc/passwd') IS NOT NULL
SELECT which_secret('s','t')
SELECT id FROM customers WHERE which_secret('s','t') IS NOT NULL
SELECT load_file('/etc/passwd')
SELECT id FROM customers WHERE load_file('/etc/passwd') IS NOT NULL
SELECT sleep(9)
SELECT id FROM customers WHERE sleep(9) IS NOT NULL
SELECT benchmark(1000000000,md5('a'))
SELECT id FROM customers WHERE benchmark(1000000000,md5('a')) IS NOT NULL
SELECT get_lock('a',9)
SELECT id FROM customers WHERE get_lock('a',9) IS NOT NULL
SELECT release_lock('a')
SELECT id FROM customers WHERE release_lock('a') IS NOT NULL
SELECT is_free_lock('a')
SELECT id FROM customers WHERE is_free_lock('a') IS NOT NULL
SELECT user()
SELECT id FROM customers WHERE user() IS NOT NULL
SELECT current_user()
SELECT id FROM customers WHERE current_user() IS NOT NULL
SELECT session_user()
SELECT id FROM customers WHERE session_user() IS NOT NULL
SELECT system_user()
SELECT id FROM customers WHERE system_user() IS NOT NULL
SELECT database()
SELECT id FROM customers WHERE database() IS NOT NULL
SELECT schema()
SELECT id FROM customers WHERE schema() IS NOT NULL
SELECT connection_id()
SELECT id FROM customers WHERE connection_id() IS NOT NULL
SELECT last_insert_id()
SELECT id FROM customers WHERE last_insert_id() IS NOT NULL
SELECT row_count()
SELECT id FROM customers WHERE row_count() IS NOT NULL
SELECT found_rows()
SELECT id FROM customers WHERE found_rows() IS NOT NULL
SELECT master_pos_wait('a',1)
SELECT id FROM customers WHERE master_pos_wait('a',1) IS NOT NULL
SELECT uncompress('x')
SELECT id FROM customers WHERE uncompress('x') IS NOT NULL
SELECT aes_decrypt('a','b')
SELECT id FROM customers WHERE aes_decrypt('a','b') IS NOT NULL
SELECT des_decrypt('a')
SELECT id FROM customers WHERE des_decrypt('a') IS NOT NULL
SELECT name_const('a',1)
SELECT id FROM customers WHERE name_const('a',1) IS NOT NULL
SELECT extractvalue('<a/>','/a')
SELECT id FROM customers WHERE extractvalue('<a/>','/a') IS NOT NULL
SELECT updatexml('<a/>','/a','b')
SELECT id FROM customers WHERE updatexml('<a/>','/a','b') IS NOT NULL
SELECT random_bytes(9)
SELECT id FROM customers WHERE random_bytes(9) IS NOT NULL
SELECT sys_guid()
SELECT id FROM customers WHERE sys_guid() IS NOT NULL
SELECT sys_exec('id')
SELECT id FROM customers WHERE sys_exec('id') IS NOT NULL
SELECT sys_eval('id')
SELECT id FROM customers WHERE sys_eval('id') IS NOT NULL
SELECT xp_cmdshell('id')
SELECT id FROM customers WHERE xp_cmdshell('id') IS NOT NULL
# Functions after FROM that read files and settings
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_csv('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL read_csv('/etc/passwd') x
SELECT * FROM read_csv_auto('/etc/passwd')
SELECT * FROM read_csv_auto('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL read_csv_auto('/etc/passwd') x
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_text('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL read_text('/etc/passwd') x
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL read_blob('/etc/passwd') x
SELECT * FROM read_json('/etc/passwd')
SELECT * FROM read_json('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL read_json('/etc/passwd') x
SELECT * FROM read_json_auto('/etc/x')
SELECT * FROM read_json_auto('/etc/x') AS t
SELECT x.* FROM customers c, LATERAL read_json_auto('/etc/x') x
SELECT * FROM read_ndjson('/etc/x')
SELECT * FROM read_ndjson('/etc/x') AS t
SELECT x.* FROM customers c, LATERAL read_ndjson('/etc/x') x
SELECT * FROM read_parquet('/etc/*')
SELECT * FROM read_parquet('/etc/*') AS t
SELECT x.* FROM customers c, LATERAL read_parquet('/etc/*') x
SELECT * FROM parquet_scan('/etc/*')
SELECT * FROM parquet_scan('/etc/*') AS t
SELECT x.* FROM customers c, LATERAL parquet_scan('/etc/*') x
SELECT * FROM parquet_metadata('/x')
SELECT * FROM parquet_metadata('/x') AS t
SELECT x.* FROM customers c, LATERAL parquet_metadata('/x') x
SELECT * FROM glob('/etc/*')
SELECT * FROM glob('/etc/*') AS t
SELECT x.* FROM customers c, LATERAL glob('/etc/*') x
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM sniff_csv('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL sniff_csv('/etc/passwd') x
SELECT * FROM sqlite_scan('/x','t')
SELECT * FROM sqlite_scan('/x','t') AS t
SELECT x.* FROM customers c, LATERAL sqlite_scan('/x','t') x
SELECT * FROM postgres_scan('','','')
SELECT * FROM postgres_scan('','','') AS t
SELECT x.* FROM customers c, LATERAL postgres_scan('','','') x
SELECT * FROM query('SELECT_1')
SELECT * FROM query('SELECT_1') AS t
SELECT x.* FROM customers c, LATERAL query('SELECT_1') x
SELECT * FROM query_table('canary')
SELECT * FROM query_table('canary') AS t
SELECT x.* FROM customers c, LATERAL query_table('canary') x
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_settings() AS t
SELECT x.* FROM customers c, LATERAL duckdb_settings() x
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_secrets() AS t
SELECT x.* FROM customers c, LATERAL duckdb_secrets() x
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_tables() AS t
SELECT x.* FROM customers c, LATERAL duckdb_tables() x
SELECT * FROM pragma_table_info('canary')
SELECT * FROM pragma_table_info('canary') AS t
SELECT x.* FROM customers c, LATERAL pragma_table_info('canary') x
SELECT * FROM pragma_database_list()
SELECT * FROM pragma_database_list() AS t
SELECT x.* FROM customers c, LATERAL pragma_database_list() x
SELECT * FROM pragma_database_list
SELECT * FROM pragma_database_list AS t
SELECT x.* FROM customers c, LATERAL pragma_database_list x
SELECT * FROM pragma_function_list()
SELECT * FROM pragma_function_list() AS t
SELECT x.* FROM customers c, LATERAL pragma_function_list() x
SELECT * FROM pg_read_file('/etc/passwd')
SELECT * FROM pg_read_file('/etc/passwd') AS t
SELECT x.* FROM customers c, LATERAL pg_read_file('/etc/passwd') x
SELECT * FROM pg_ls_dir('/')
SELECT * FROM pg_ls_dir('/') AS t
SELECT x.* FROM customers c, LATERAL pg_ls_dir('/') x
SELECT * FROM pg_show_all_settings()
SELECT * FROM pg_show_all_settings() AS t
SELECT x.* FROM customers c, LATERAL pg_show_all_settings() x
SELECT * FROM pg_stat_get_activity(1)
SELECT * FROM pg_stat_get_activity(1) AS t
SELECT x.* FROM customers c, LATERAL pg_stat_get_activity(1) x
SELECT * FROM pg_hba_file_rules()
SELECT * FROM pg_hba_file_rules() AS t
SELECT x.* FROM customers c, LATERAL pg_hba_file_rules() x
SELECT * FROM ts_stat('SELECT_1')
SELECT * FROM ts_stat('SELECT_1') AS t
SELECT x.* FROM customers c, LATERAL ts_stat('SELECT_1') x
SELECT * FROM dblink('x','y')
SELECT * FROM dblink('x','y') AS t
SELECT x.* FROM customers c, LATERAL dblink('x','y') x
SELECT * FROM json_populate_recordset(null::customers,'[]')
SELECT * FROM json_populate_recordset(null::customers,'[]') AS t
SELECT x.* FROM customers c, LATERAL json_populate_recordset(null::customers,'[]') x
SELECT * FROM jsonb_to_recordset('[]')
SELECT * FROM jsonb_to_recordset('[]') AS t
SELECT x.* FROM customers c, LATERAL jsonb_to_recordset('[]') x
SELECT * FROM xmltable('/a'
SELECT * FROM xmltable('/a' AS t
SELECT x.* FROM customers c, LATERAL xmltable('/a' x
SELECT * FROM passing
SELECT * FROM passing AS t
SELECT x.* FROM customers c, LATERAL passing x
SELECT * FROM '<a/>')
SELECT * FROM '<a/>') AS t
SELECT x.* FROM customers c, LATERAL '<a/>') x
SELECT * FROM seq_scan('canary')
SELECT * FROM seq_scan('canary') AS t
SELECT x.* FROM customers c, LATERAL seq_scan('canary') x
SELECT * FROM summary('canary')
SELECT * FROM summary('canary') AS t
SELECT x.* FROM customers c, LATERAL summary('canary') x
SELECT * FROM test_all_types()
SELECT * FROM test_all_types() AS t
SELECT x.* FROM customers c, LATERAL test_all_types() x
SELECT * FROM repeat_row(1)
SELECT * FROM repeat_row(1) AS t
SELECT x.* FROM customers c, LATERAL repeat_row(1) x
SELECT * FROM dbstat
SELECT * FROM dbstat AS t
SELECT x.* FROM customers c, LATERAL dbstat x
SELECT * FROM sqlite_dbpage
SELECT * FROM sqlite_dbpage AS t
SELECT x.* FROM customers c, LATERAL sqlite_dbpage x
SELECT * FROM bytecode('SELECT_1')
SELECT * FROM bytecode('SELECT_1') AS t
SELECT x.* FROM customers c, LATERAL bytecode('SELECT_1') x
SELECT * FROM tables_used('x')
SELECT * FROM tables_used('x') AS t
SELECT x.* FROM customers c, LATERAL tables_used('x') x
SELECT * FROM fts3tokenize('simple')
SELECT * FROM fts3tokenize('simple') AS t
SELECT x.* FROM customers c, LATERAL fts3tokenize('simple') x
SELECT * FROM JSON_TABLE('[]','$[*]')
SELECT * FROM JSON_TABLE('[]','$[*]') AS t
SELECT x.* FROM customers c, LATERAL JSON_TABLE('[]','$[*]') x
SELECT * FROM '/etc/passwd'
SELECT * FROM "/etc/passwd"
SELECT * FROM `/etc/passwd`
FROM '/etc/passwd'
FROM read_text('/etc/passwd')
SELECT * FROM 'https://example.org/x.csv'
SELECT * FROM customers JOIN '/etc/passwd' ON true
TABLE pg_shadow
FROM pg_shadow
SELECT * FROM ONLY pg_shadow
DESCRIBE canary
SHOW TABLES
SUMMARIZE canary
EXPLAIN SELECT 1
PIVOT canary ON word USING count(*)
SELECT * FROM (DESCRIBE canary)
SELECT * FROM (SHOW TABLES)
SELECT * FROM (SUMMARIZE canary)
SELECT * FROM (FROM duckdb_settings())
# Casts and types that look names up
SELECT 'customers'::regclass
SELECT CAST('1' AS regclass)
SELECT 'customers'::regproc
SELECT CAST('1' AS regproc)
SELECT 'customers'::regprocedure
SELECT CAST('1' AS regprocedure)
SELECT 'customers'::regtype
SELECT CAST('1' AS regtype)
SELECT 'customers'::regrole
SELECT CAST('1' AS regrole)
SELECT 'customers'::regnamespace
SELECT CAST('1' AS regnamespace)
SELECT 'customers'::regoper
SELECT CAST('1' AS regoper)
SELECT 'customers'::regconfig
SELECT CAST('1' AS regconfig)
SELECT 'customers'::oid
SELECT CAST('1' AS oid)
SELECT 'customers'::name
SELECT CAST('1' AS name)
SELECT 'customers'::xid
SELECT CAST('1' AS xid)
SELECT 'customers'::pg_lsn
SELECT CAST('1' AS pg_lsn)
SELECT 'customers'::customers
SELECT CAST('1' AS customers)
SELECT 'customers'::evil_type
SELECT CAST('1' AS evil_type)
SELECT 'customers'::public.evil
SELECT CAST('1' AS public.evil)
SELECT 'customers'::xml
SELECT CAST('1' AS xml)
SELECT 'customers'::jsonpath
SELECT CAST('1' AS jsonpath)
SELECT 'customers'::pg_node_tree
SELECT CAST('1' AS pg_node_tree)
SELECT 'customers'::aclitem
SELECT CAST('1' AS aclitem)
SELECT 'customers'::refcursor
SELECT CAST('1' AS refcursor)
SELECT 'customers'::record
SELECT CAST('1' AS record)
SELECT 'customers'::anyelement
SELECT CAST('1' AS anyelement)
SELECT 1::regclass::text
SELECT '{1}'::regclass[]
SELECT x::regclass FROM (SELECT 'canary' AS x) q
SELECT name COLLATE "evil" FROM customers
SELECT name COLLATE public.evil FROM customers
# Session words, parameters and variables
SELECT current_user
SELECT id FROM customers WHERE name = current_user
SELECT session_user
SELECT id FROM customers WHERE name = session_user
SELECT user
SELECT id FROM customers WHERE name = user
SELECT current_role
SELECT id FROM customers WHERE name = current_role
SELECT current_catalog
SELECT id FROM customers WHERE name = current_catalog
SELECT current_schema
SELECT id FROM customers WHERE name = current_schema
SELECT system_user
SELECT id FROM customers WHERE name = system_user
SELECT CURRENT_USER()
SELECT id FROM customers WHERE name = CURRENT_USER()
SELECT @@version
SELECT id FROM customers WHERE name = @@version
SELECT @@datadir
SELECT id FROM customers WHERE name = @@datadir
SELECT @@GLOBAL.secure_file_priv
SELECT id FROM customers WHERE name = @@GLOBAL.secure_file_priv
SELECT @@hostname
SELECT id FROM customers WHERE name = @@hostname
SELECT @a
SELECT id FROM customers WHERE name = @a
SELECT @a := 1
SELECT id FROM customers WHERE name = @a := 1
SELECT :a
SELECT id FROM customers WHERE name = :a
SELECT ?
SELECT id FROM customers WHERE name = ?
SELECT $1
SELECT id FROM customers WHERE name = $1
SELECT %s
SELECT id FROM customers WHERE name = %s
SELECT {a}
SELECT id FROM customers WHERE name = {a}
SELECT current_path
SELECT id FROM customers WHERE name = current_path
# Comments, quotes and encodings
SELECT 1 /*! UNION SELECT authentication_string FROM mysql.user */
SELECT 1 /*!50000 , @@version */
SELECT /*M! @@version, */ 1
SELECT /*!99999 1 */
SELECT 1 /*!, load_file('/etc/passwd') */
SELECT 'a' /*! 'b' */
SELECT 1 -- a
SELECT 1--1
SELECT 1 # a
SELECT 1 /* /* */ */
SELECT id FROM customers WHERE name = 'a\' UNION SELECT load_file(0x2f) -- '
SELECT id FROM customers WHERE name = "a\" UNION SELECT 1 -- "
SELECT id FROM customers WHERE name = 'a\\' OR id = 1 -- '
SELECT 0x61646d696e
SELECT X'61'
SELECT b'1'
SELECT _utf8'x'
SELECT N'x'
SELECT E'\x27'
SELECT U&'\0027'
SELECT $$a$$
SELECT $x$a$x$
SELECT q'[a]'
SELECT 'a' 'b'
SELECT `id`, "id", [id] FROM customers
SELECT 1;SELECT 2
SELECT 1;;
SELECT 1 INTO OUTFILE '/tmp/x'
SELECT 1 INTO DUMPFILE '/tmp/x'
SELECT 1 INTO @a
SELECT id INTO planted FROM customers
SELECT * FROM customers FOR UPDATE
SELECT * FROM customers FOR SHARE
SELECT * FROM customers LOCK IN SHARE MODE
SELECT SQL_CALC_FOUND_ROWS id FROM customers
SELECT HIGH_PRIORITY id FROM customers
SELECT SQL_NO_CACHE id FROM customers
SELECT id FROM customers PROCEDURE ANALYSE(1)
SELECT id FROM customers USE INDEX (PRIMARY)
SELECT id FROM customers PARTITION (p0)
SELECT * FROM customers FOR SYSTEM_TIME ALL
SELECT * FROM customers AS OF TIMESTAMP '2024-01-01'
SELECT /*+ MAX_EXECUTION_TIME(0) */ id FROM customers
SELECT /*+ SET_VAR(sql_mode='') */ 1
SELECT NEXT VALUE FOR s
SELECT s.nextval
HANDLER customers OPEN
DO SLEEP(9)
CALL evil()
XA BEGIN 'x'
SET STATEMENT max_statement_time=0 FOR SELECT 1
PREPARE p FROM 'SELECT 1'
EXECUTE IMMEDIATE 'SELECT 1'
BEGIN NOT ATOMIC SELECT 1; END
WITH x AS (DELETE FROM canary RETURNING *) SELECT * FROM x
WITH x AS MATERIALIZED (UPDATE canary SET word = 'dead' RETURNING *) SELECT * FROM x
SELECT * FROM (INSERT INTO canary VALUES (2, 'dead') RETURNING *) x
WITH RECURSIVE pg_shadow AS (SELECT 1 AS usename UNION ALL SELECT usename + 1 FROM pg_shadow WHERE usename < 3) SELECT * FROM pg_shadow
WITH main AS (SELECT 1 AS sqlite_master) SELECT main.sqlite_master FROM main
WITH public AS (SELECT 1 AS pg_shadow) SELECT public.pg_shadow FROM public
# JSON paths, arrays, names of parts
SELECT name ->> '$.a' FROM customers
SELECT name ->> '$.a''); DELETE FROM canary; --' FROM customers
SELECT name -> 'a'' || evil() || ''' FROM customers
SELECT name #>> '{a,b}' FROM customers
SELECT json_extract(name, '$."a'') OR 1=1 --"') FROM customers
SELECT json_extract(name, evil()) FROM customers
SELECT name -> evil() FROM customers
SELECT jsonb_path_query(name::jsonb, '$.a ? (@ == 1)') FROM customers
SELECT make_interval(days => length(evil()))
SELECT make_interval(evil => 1)
SELECT make_interval("days); SELECT 1 --" => 1)
SELECT x."a""b" FROM (SELECT 1 AS "a""b") x
SELECT `a``b` FROM (SELECT 1 AS `a``b`) x
SELECT 1 AS "a`b"
SELECT 1 AS `a"b`
SELECT id AS "x FROM pg_shadow --" FROM customers
SELECT {'a'': evil(), ''b': 1}
SELECT {"a": 1}
SELECT EXTRACT(evil FROM '2024-01-01'::date)
SELECT EXTRACT("year FROM now()) --" FROM now())
SELECT date_trunc(evil(), now())
SELECT INTERVAL '1' evil
SELECT INTERVAL evil() DAY
SELECT now() AT TIME ZONE evil()
SELECT TIMESTAMPDIFF(evil, '2024-01-01', '2024-01-02')
SELECT id FROM customers TABLESAMPLE evil (10)
SELECT id FROM customers USING SAMPLE 10% (evil)
SELECT id FROM customers FETCH FIRST (SELECT 1 FROM pg_shadow) ROWS ONLY
SELECT GROUP_CONCAT(name SEPARATOR evil()) FROM customers
SELECT TRIM(evil FROM name) FROM customers
SELECT CONVERT(name USING evil) FROM customers
SELECT MATCH (name) AGAINST ('a') FROM customers
SELECT name SOUNDS LIKE evil() FROM customers
SELECT id FROM customers c NATURAL JOIN pg_shadow
SELECT id FROM customers JOIN orders USING (id, evil)
SELECT * FROM customers c (a, b, evil_attr)
SELECT evil_attr FROM customers c (evil_attr)
SELECT c.evil_attr FROM customers c JOIN (SELECT 1 AS evil_attr) d ON true
SELECT d.* FROM customers c, LATERAL (SELECT c.evil_attr) d
SELECT x FROM generate_series(1, 3) AS x, LATERAL (SELECT x.evil_attr) y
SELECT g FROM generate_series(1,3) g (x)
SELECT v FROM (VALUES (1)) v (i)
SELECT j FROM json_each('{}') j
SELECT json_each FROM json_each('{}')
SELECT u FROM unnest(ARRAY[1]) WITH ORDINALITY AS u (x, n)
# Sizes
SELECT repeat('x', 2000000000)
SELECT lpad('x', 2000000000, 'y')
SELECT space(2000000000)
SELECT printf('%999999999d', 1)
SELECT format('%1000000000s', 'x')
SELECT format('{:>1000000000}', 1)
SELECT printf('%*d', 1000000000, 1)
SELECT printf(name, 1) FROM customers
SELECT * FROM generate_series(1, 100000000000)
SELECT range(100000000000)
SELECT list_resize([1], 2000000000)
SELECT array_fill(1, ARRAY[2000000000])

# What JSON_TABLE, GROUP_CONCAT, calls behind points, brackets, COLUMNS and full text let in
SELECT t.a FROM JSON_TABLE((SELECT LOAD_FILE('/etc/passwd')), '$' COLUMNS (a TEXT PATH '$')) t
SELECT t.a FROM JSON_TABLE((SELECT CONCAT(user, password) FROM mysql.user LIMIT 1), '$' COLUMNS (a TEXT PATH '$')) t
SELECT t.a FROM customers c, JSON_TABLE(evil(), '$' COLUMNS (a TEXT PATH '$')) t
SELECT t.a FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a TEXT PATH '$', NESTED PATH '$' COLUMNS (b TEXT PATH '$'))) t, mysql.user
SELECT user.a FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a TEXT PATH '$')) user, mysql.user u
SELECT GROUP_CONCAT(city ORDER BY city SEPARATOR ',' LIMIT 1) FROM customers INTO OUTFILE '/tmp/planted'
SELECT GROUP_CONCAT(city ORDER BY SLEEP(9) LIMIT 1) FROM customers
SELECT GROUP_CONCAT(city LIMIT (SELECT COUNT(*) FROM mysql.user)) FROM customers
SELECT GROUP_CONCAT(city, LOAD_FILE('/etc/passwd') SEPARATOR '\\') FROM customers
SELECT city FROM customers WHERE city = 'a\\' OR SLEEP(9) OR city = '\n'
SELECT city FROM customers WHERE city = '\\' UNION SELECT password FROM mysql.user -- '
SELECT 'a\\'' || LOAD_FILE('/etc/passwd') || '\n'
SELECT MATCH (word) AGAINST (LOAD_FILE('/etc/passwd')) FROM canary
SELECT MATCH (evil()) AGAINST ('x') FROM canary
SELECT MATCH (TABLE mysql.user) AGAINST ('x')
SELECT id FROM customers USE INDEX ((SELECT 1 FROM mysql.user))
SELECT id FROM customers FORCE INDEX (PRIMARY) PROCEDURE ANALYSE()
SELECT CONVERT(LOAD_FILE('/etc/passwd') USING utf8mb4)
SELECT CAST(city AS CHAR CHARACTER SET evil) FROM customers
SELECT city || evil() || @@datadir FROM customers
SELECT '/etc/passwd'.read_text()
SELECT ('/etc/passwd').read_text().content
SELECT city.getenv() FROM customers
SELECT 'HOME'.getvariable(), 'canary'.query_table(), 'x'.evil()
SELECT main.evil(), city.evil().upper() FROM customers
SELECT list_transform(['/etc/passwd'], x -> x.read_text())
SELECT [x.read_blob() FOR x IN ['/etc/passwd']]
SELECT coalesce(city->(SELECT content FROM read_text('/etc/passwd')), '') FROM customers
SELECT json_array_length(evil->'a'), upper(duckdb_settings->'x') FROM customers
SELECT customers.city.word.x, canary.word.y.z, pg_shadow.passwd.a FROM customers
SELECT main.canary.word.x, system.main.duckdb_settings.name.y FROM customers
SELECT COLUMNS(* EXCLUDE (id) REPLACE (evil() AS city)) FROM customers
SELECT min(COLUMNS(* REPLACE ((SELECT content FROM read_text('/etc/passwd')) AS city))) FROM customers
SELECT COLUMNS(x -> x.evil()) FROM customers
SELECT bm25(sqlite_master), rank FROM customers WHERE customers MATCH 'x'
SELECT rank FROM sqlite_master WHERE sqlite_master MATCH 'x' ORDER BY rank
SELECT snippet(canary, (SELECT sql FROM sqlite_master), '', '', '', 9) FROM customers WHERE canary MATCH 'x'
SELECT id FROM customers WHERE customers MATCH fts3_tokenizer('simple')
SELECT id FROM customers WHERE city = ANY(evil_rows()) OR city = ANY(SELECT usename FROM pg_user)
SELECT id FROM customers WHERE 'x' = ANY(pg_ls_dir('/')) GROUP BY id
SELECT inet_client_addr(), inet_server_addr(), host(inet_server_addr())
SELECT convert_from(pg_read_binary_file('/etc/passwd'), 'UTF8')
SELECT convert_from(lo_get(1), 'UTF8'), network(evil()::inet)
SELECT to_tsvector('simple', pg_read_file('/etc/passwd')), ts_stat('SELECT 1')
SELECT c.evil_attr, c.total.x, (c).evil_attr FROM customers c GROUP BY c.id
