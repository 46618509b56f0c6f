--
-- PostgreSQL database dump
--

\restrict sgTzwn3fhXS51Y8OEd4NEyAN7gmownhdud3cXWvTUhAJphjq67semgNG6N2yg9Q

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: email; Type: DOMAIN; Schema: public; Owner: owner
--

CREATE DOMAIN public.email AS character varying(80)
	CONSTRAINT email_check CHECK (((VALUE)::text ~~ '%@%'::text));


ALTER DOMAIN public.email OWNER TO owner;

--
-- Name: status; Type: TYPE; Schema: public; Owner: owner
--

CREATE TYPE public.status AS ENUM (
    'open',
    'paid',
    'it''s late'
);


ALTER TYPE public.status OWNER TO owner;

--
-- Name: total_of(integer); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.total_of(c integer) RETURNS numeric
    LANGUAGE plpgsql
    AS $$
BEGIN
  CREATE TEMP TABLE gone (a int); -- it's a body
  RETURN (SELECT sum(total) FROM orders WHERE customer_id = c);
END $$;


ALTER FUNCTION public.total_of(c integer) OWNER TO owner;

--
-- Name: touch(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN NEW.note := ';'; RETURN NEW; END $$;


ALTER FUNCTION public.touch() OWNER TO owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: customers; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.customers (
    id integer NOT NULL,
    "Full Name" character varying(40) NOT NULL,
    mail public.email,
    tags text[] DEFAULT '{}'::text[],
    created timestamp without time zone DEFAULT now()
);


ALTER TABLE public.customers OWNER TO owner;

--
-- Name: customers_id_seq; Type: SEQUENCE; Schema: public; Owner: owner
--

CREATE SEQUENCE public.customers_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.customers_id_seq OWNER TO owner;

--
-- Name: customers_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: owner
--

ALTER SEQUENCE public.customers_id_seq OWNED BY public.customers.id;


--
-- Name: orders; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.orders (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    state public.status DEFAULT 'open'::public.status,
    total numeric(8,2),
    note text,
    CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric))
);


ALTER TABLE public.orders OWNER TO owner;

--
-- Name: TABLE orders; Type: COMMENT; Schema: public; Owner: owner
--

COMMENT ON TABLE public.orders IS 'what customers bought';


--
-- Name: COLUMN orders.total; Type: COMMENT; Schema: public; Owner: owner
--

COMMENT ON COLUMN public.orders.total IS 'in euros; it''s gross';


--
-- Name: open_orders; Type: VIEW; Schema: public; Owner: owner
--

CREATE VIEW public.open_orders AS
 SELECT orders.id,
    orders.customer_id,
    orders.state,
    orders.total,
    orders.note
   FROM public.orders
  WHERE (orders.state = 'open'::public.status);


ALTER TABLE public.open_orders OWNER TO owner;

--
-- Name: order_lines; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.order_lines (
    order_id integer NOT NULL,
    line_no integer NOT NULL,
    product text DEFAULT 'a;b'::text,
    qty integer
);


ALTER TABLE public.order_lines OWNER TO owner;

--
-- Name: orders_id_seq; Type: SEQUENCE; Schema: public; Owner: owner
--

ALTER TABLE public.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shipments; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.shipments (
    id bigint NOT NULL,
    order_id integer,
    line_no integer,
    shipped date
);


ALTER TABLE public.shipments OWNER TO owner;

--
-- Name: visits; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.visits (
    day date NOT NULL,
    page text
)
PARTITION BY RANGE (day);


ALTER TABLE public.visits OWNER TO owner;

--
-- Name: visits_2024; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.visits_2024 (
    day date NOT NULL,
    page text
);


ALTER TABLE public.visits_2024 OWNER TO owner;

--
-- Name: visits_2024; Type: TABLE ATTACH; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.visits ATTACH PARTITION public.visits_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');


--
-- Name: customers id; Type: DEFAULT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.customers ALTER COLUMN id SET DEFAULT nextval('public.customers_id_seq'::regclass);


--
-- Data for Name: customers; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.customers (id, "Full Name", mail, tags, created) FROM stdin;
1	Ann O'Hara	ann@example.org	{}	2026-11-27 19:23:49.321603
2	Bo\tb; \\. x	\N	{}	2026-11-27 19:23:49.321603
\.


--
-- Data for Name: order_lines; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.order_lines (order_id, line_no, product, qty) FROM stdin;
\.


--
-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.orders (id, customer_id, state, total, note) FROM stdin;
1	1	open	3.50	two\nlines; CREATE TABLE no (a int);
2	2	open	4.00	\N
\.


--
-- Data for Name: shipments; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.shipments (id, order_id, line_no, shipped) FROM stdin;
\.


--
-- Data for Name: visits_2024; Type: TABLE DATA; Schema: public; Owner: owner
--

COPY public.visits_2024 (day, page) FROM stdin;
2024-02-03	/
\.


--
-- Name: customers_id_seq; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public.customers_id_seq', 2, true);


--
-- Name: orders_id_seq; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public.orders_id_seq', 2, true);


--
-- Name: customers customers_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);


--
-- Name: order_lines order_lines_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, line_no);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);


--
-- Name: shipments shipments_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_pkey PRIMARY KEY (id);


--
-- Name: orders_customer_id_idx; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX orders_customer_id_idx ON public.orders USING btree (customer_id);


--
-- Name: orders orders_touch; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER orders_touch BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();


--
-- Name: order_lines order_lines_order_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);


--
-- Name: orders orders_customer_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;


--
-- Name: shipments shipments_order_id_line_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_order_id_line_no_fkey FOREIGN KEY (order_id, line_no) REFERENCES public.order_lines(order_id, line_no);


--
-- PostgreSQL database dump complete
--

\unrestrict sgTzwn3fhXS51Y8OEd4NEyAN7gmownhdud3cXWvTUhAJphjq67semgNG6N2yg9Q

