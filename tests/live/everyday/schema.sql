CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, city TEXT, country TEXT, born DATE, vip BOOLEAN, notes TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT, price NUMERIC(10, 2), stock INTEGER, weight DOUBLE PRECISION, attributes TEXT, added DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), ordered_at TIMESTAMP, shipped_at TIMESTAMP, status TEXT, total NUMERIC(10, 2));
CREATE TABLE order_items (order_id INTEGER REFERENCES orders (id), product_id INTEGER REFERENCES products (id), qty INTEGER, unit_price NUMERIC(10, 2), discount DOUBLE PRECISION, PRIMARY KEY (order_id, product_id));
CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT NOT NULL, department TEXT, salary NUMERIC(10, 2), manager_id INTEGER REFERENCES employees (id), hired DATE);
