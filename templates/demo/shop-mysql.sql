-- MySQL dump of the demo's shop
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Every person, address, card and account in it is invented; see shop-postgres.sql, whose twin this is. Nothing is
-- random. MariaDB takes it too. Each statement ends at its only semicolon, so a driver can load it as well as a client.

SET NAMES utf8mb4;
SET time_zone = '+00:00';

CREATE TABLE customers (
  id          bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  first_name  varchar(60) NOT NULL,
  last_name   varchar(60) NOT NULL,
  email       varchar(120) NOT NULL UNIQUE,
  phone       varchar(30),
  birth_date  date,
  street      varchar(120) NOT NULL,
  postcode    varchar(12) NOT NULL,
  city        varchar(60) NOT NULL,
  country     char(2) NOT NULL DEFAULT 'DE',
  card_number varchar(19),
  iban        varchar(34) COMMENT 'For refunds; empty for those who pay by card only',
  last_ip     varchar(45),
  notes       text,
  created_at  datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at  datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT customers_email_form CHECK (email LIKE '%_@_%.__%'),
  KEY customers_name (last_name, first_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Who buys; personal data in nearly every column';

CREATE TABLE products (
  id    int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku   varchar(12) NOT NULL UNIQUE,
  name  varchar(80) NOT NULL,
  price decimal(8, 2) NOT NULL CHECK (price > 0),
  stock int NOT NULL COMMENT 'Pieces in the warehouse; the trigger take_from_stock keeps it' CHECK (stock >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE orders (
  id          bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id bigint NOT NULL,
  status      enum('cart', 'paid', 'packed', 'sent', 'delivered', 'returned') NOT NULL DEFAULT 'cart',
  ship_to     json NOT NULL,
  placed_at   datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  KEY orders_customer (customer_id, placed_at),
  CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE order_items (
  order_id   bigint NOT NULL,
  product_id int NOT NULL,
  quantity   int NOT NULL CHECK (quantity > 0),
  unit_price decimal(8, 2) NOT NULL,
  line_total decimal(10, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
  PRIMARY KEY (order_id, product_id),
  CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT order_items_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE payments (
  id          bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id    bigint NOT NULL,
  card_holder varchar(130) NOT NULL,
  card_number varchar(19) NOT NULL,
  amount      decimal(10, 2) NOT NULL,
  paid_at     datetime NOT NULL,
  CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='What the payment processor reported';

CREATE FUNCTION order_total(wanted bigint) RETURNS decimal(10, 2) READS SQL DATA DETERMINISTIC
  COMMENT 'The price of an order, without shipping'
  RETURN (SELECT coalesce(sum(quantity * unit_price), 0) FROM order_items WHERE order_id = wanted);

CREATE TRIGGER take_from_stock AFTER INSERT ON order_items FOR EACH ROW
  UPDATE products SET stock = stock - NEW.quantity WHERE id = NEW.product_id;

CREATE TRIGGER note_the_change BEFORE UPDATE ON customers FOR EACH ROW SET NEW.updated_at = CURRENT_TIMESTAMP;

CREATE VIEW customer_revenue AS
  SELECT c.id, concat(c.first_name, ' ', c.last_name) AS customer, count(DISTINCT o.id) AS orders,
    coalesce(sum(i.quantity * i.unit_price), 0) AS revenue
  FROM customers c LEFT JOIN orders o ON o.customer_id = c.id LEFT JOIN order_items i ON i.order_id = o.id
  GROUP BY c.id, c.first_name, c.last_name;

INSERT INTO customers (first_name, last_name, email, phone, birth_date, street, postcode, city, card_number, iban,
  last_ip, notes, created_at, updated_at)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 240),
invented AS (
  SELECT n, lpad(n * 7919, 18, '0') AS account,
    elt(1 + (n * 5) % 16, 'Ada', 'Bruno', 'Clara', 'Dmitri', 'Elif', 'Farah', 'Gustav', 'Hanna', 'Ivo', 'Jürgen', 'Karin', 'Léa', 'Mira', 'Nils', 'Olga', 'Søren') AS first_name,
    elt(1 + (n * 3) % 13, 'Albrecht', 'Baumann', 'Castell', 'Düring', 'Eckstein', 'Falk', 'Groß', 'Hölder', 'Iversen', 'Jansen', 'Krüger', 'Lindner', 'Moreau') AS last_name,
    elt(1 + (n * 5) % 16, 'ada', 'bruno', 'clara', 'dmitri', 'elif', 'farah', 'gustav', 'hanna', 'ivo', 'jurgen', 'karin', 'lea', 'mira', 'nils', 'olga', 'soren') AS first_plain,
    elt(1 + (n * 3) % 13, 'albrecht', 'baumann', 'castell', 'during', 'eckstein', 'falk', 'gros', 'holder', 'iversen', 'jansen', 'kruger', 'lindner', 'moreau') AS last_plain
  FROM numbers
)
SELECT first_name, last_name, concat(first_plain, '.', last_plain, n, '@example.', elt(1 + n % 3, 'com', 'net', 'org')),
  concat('+44 7700 900', lpad((n * 37) % 1000, 3, '0')),
  date_add(date '1948-03-01', INTERVAL (n * 131) % 20800 DAY),
  concat(elt(1 + n % 7, 'Lindenstraße', 'Am Mühlbach', 'Hafenweg', 'Gartengasse', 'Rue des Tilleuls', 'Station Road', 'Kirchplatz'), ' ', 1 + (n * 7) % 88),
  (n * 433) % 90000 + 10000,
  elt(1 + n % 9, 'Bielefeld', 'Ulm', 'Görlitz', 'Husum', 'Passau', 'Jena', 'Trier', 'Celle', 'Speyer'),
  elt(1 + n % 6, '4242424242424242', '5555555555554444', '378282246310005', '4000056655665556', '5105105105105100', '6011111111111117'),
  CASE WHEN n % 4 = 0 THEN NULL ELSE concat('DE', lpad(98 - cast(concat(account, '131400') AS decimal(30, 0)) % 97, 2, '0'), account) END,
  concat('192.0.2.', n % 254 + 1),
  CASE n % 10 WHEN 3 THEN concat('Call before noon: ', first_name, ' works at night') WHEN 7 THEN 'Wants invoices by post' END,
  date_add(timestamp '2024-01-08 09:12:00', INTERVAL n * 3677 MINUTE),
  date_add(timestamp '2024-01-08 09:12:00', INTERVAL n * 3677 MINUTE)
FROM invented ORDER BY n;

INSERT INTO products (sku, name, price, stock)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 36)
SELECT concat('SH-', lpad(n * 104, 5, '0')),
  concat(elt(1 + n % 4, 'Oak', 'Linen', 'Steel', 'Copper'), ' ', elt(1 + n % 9, 'chair', 'lamp', 'kettle', 'shelf', 'bowl', 'clock', 'basket', 'stool', 'tray')),
  4.90 + (n * 1373) % 24000 / 100.0,
  400 + (n * 29) % 200
FROM numbers ORDER BY n;

INSERT INTO orders (customer_id, status, ship_to, placed_at)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 600)
SELECT c.id, elt(1 + (n * 5) % 6, 'cart', 'paid', 'packed', 'sent', 'delivered', 'returned'),
  json_object('name', concat(c.first_name, ' ', c.last_name), 'street', c.street, 'city', concat(c.postcode, ' ', c.city)),
  date_add(timestamp '2025-09-01 07:30:00', INTERVAL n * 221 MINUTE)
FROM numbers JOIN customers c ON c.id = 1 + (n * 53) % 240 ORDER BY n;

INSERT INTO order_items (order_id, product_id, quantity, unit_price)
WITH RECURSIVE pieces (piece) AS (SELECT 1 UNION ALL SELECT piece + 1 FROM pieces WHERE piece < 3)
SELECT o.id, 1 + (o.id * 7 + piece * 11) % 36, 1 + (o.id * piece) % 3,
  4.90 + ((1 + (o.id * 7 + piece * 11) % 36) * 1373) % 24000 / 100.0
FROM orders o CROSS JOIN pieces WHERE piece <= 1 + o.id % 3 ORDER BY o.id, piece;

INSERT INTO payments (order_id, card_holder, card_number, amount, paid_at)
SELECT o.id, upper(concat(c.first_name, ' ', c.last_name)), c.card_number, order_total(o.id), date_add(o.placed_at, INTERVAL 4 MINUTE)
FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status <> 'cart' ORDER BY o.id;

-- Dump completed
