select l.return_flag, l.line_status, sum(l.quantity) as quantity, sum(l.price) as gross, sum(l.price * (1 - l.discount)) as net, sum(l.price * (1 - l.discount) * (1 + l.tax)) as charged, avg(l.quantity) as avg_quantity, avg(l.price) as avg_price, count(*) as lines
from line l where l.ship_date <= date '2001-09-01' group by l.return_flag, l.line_status order by 1, 2;

select v.balance, v.vendor_name, c.country_name, a.article_id, a.maker, v.street, v.phone
from article a join offer o on o.article_id = a.article_id join vendor v on v.vendor_id = o.vendor_id join country c on c.country_id = v.country_id join area r on r.area_id = c.area_id
where a.size = 12 and r.area_name = 'NORTH' and o.supply_cost = (select min(o2.supply_cost) from offer o2 join vendor v2 on v2.vendor_id = o2.vendor_id join country c2 on c2.country_id = v2.country_id where o2.article_id = a.article_id)
order by v.balance desc limit 100;

select p.purchase_id, p.purchase_date, p.priority, sum(l.price * (1 - l.discount)) as revenue
from buyer b join purchase p on p.buyer_id = b.buyer_id join line l on l.purchase_id = p.purchase_id
where b.segment = 'TOYS' and p.purchase_date < date '2001-03-01' and l.ship_date > date '2001-03-01'
group by p.purchase_id, p.purchase_date, p.priority order by revenue desc limit 10;

select p.priority, count(*) as late from purchase p
where exists (select 1 from line l where l.purchase_id = p.purchase_id and l.commit_date < l.receipt_date) group by p.priority;

select c.country_name, r.area_name, sum(l.price * (1 - l.discount)) as revenue, count(distinct b.buyer_id) as buyers
from buyer b join purchase p on p.buyer_id = b.buyer_id join line l on l.purchase_id = p.purchase_id join vendor v on v.vendor_id = l.vendor_id and v.country_id = b.country_id join country c on c.country_id = v.country_id join area r on r.area_id = c.area_id
group by c.country_name, r.area_name;

with flows as (select vc.country_name as seller, bc.country_name as taker, extract(year from l.ship_date) as year, l.price * (1 - l.discount) as volume from vendor v join line l on l.vendor_id = v.vendor_id join purchase p on p.purchase_id = l.purchase_id join buyer b on b.buyer_id = p.buyer_id join country vc on vc.country_id = v.country_id join country bc on bc.country_id = b.country_id)
select seller, taker, year, sum(volume) as volume, sum(sum(volume)) over (partition by seller order by year) as running from flows group by seller, taker, year;

with sales as (select extract(year from p.purchase_date) as year, l.price * (1 - l.discount) as volume, vc.country_name as country from article a join line l on l.article_id = a.article_id join vendor v on v.vendor_id = l.vendor_id join purchase p on p.purchase_id = l.purchase_id join buyer b on b.buyer_id = p.buyer_id join country bc on bc.country_id = b.country_id join area r on r.area_id = bc.area_id join country vc on vc.country_id = v.country_id where r.area_name = 'SOUTH' and a.kind = 'STEEL')
select year, sum(case when country = 'PERU' then volume else 0 end) / sum(volume) as share, max(volume) as largest from sales group by year;

select c.country_name, extract(year from p.purchase_date) as year, sum(l.price * (1 - l.discount) - o.supply_cost * l.quantity) as profit, avg(o.supply_cost) as cost
from article a join line l on l.article_id = a.article_id join vendor v on v.vendor_id = l.vendor_id join offer o on o.vendor_id = l.vendor_id and o.article_id = l.article_id join purchase p on p.purchase_id = l.purchase_id join country c on c.country_id = v.country_id
where a.article_name like '%blue%' group by c.country_name, extract(year from p.purchase_date);

select b.buyer_id, b.buyer_name, b.balance, c.country_name, b.street, b.phone, b.note, sum(l.price * (1 - l.discount)) as lost
from buyer b join purchase p on p.buyer_id = b.buyer_id join line l on l.purchase_id = p.purchase_id join country c on c.country_id = b.country_id
where l.return_flag = 'R' group by b.buyer_id, b.buyer_name, b.balance, b.phone, c.country_name, b.street, b.note;

with worth as (select o.article_id, sum(o.supply_cost * o.available) as value from offer o join vendor v on v.vendor_id = o.vendor_id join country c on c.country_id = v.country_id where c.country_name = 'CHILE' group by o.article_id), total as (select sum(value) as value from worth)
select w.article_id, a.article_name, w.value, w.value / t.value as share from worth w cross join total t join article a on a.article_id = w.article_id where w.value > t.value * 0.0001;

select l.ship_mode, sum(case when p.priority in ('1', '2') then 1 else 0 end) as urgent, sum(case when p.priority not in ('1', '2') then 1 else 0 end) as other, min(l.receipt_date) as first_receipt
from purchase p join line l on l.purchase_id = p.purchase_id where l.commit_date < l.receipt_date group by l.ship_mode;

with counted as (select b.buyer_id, b.segment, count(p.purchase_id) as purchases from buyer b left join purchase p on p.buyer_id = b.buyer_id and p.note not like '%special%' group by b.buyer_id, b.segment)
select purchases, segment, count(*) as buyers, avg(purchases) over (partition by segment) as usual from counted group by purchases, segment;

with revenue as (select vendor_id, sum(price * (1 - discount)) as total from line where ship_date >= date '2001-01-01' group by vendor_id)
select v.vendor_id, v.vendor_name, v.street, v.phone, r.total from vendor v join revenue r on r.vendor_id = v.vendor_id where r.total = (select max(total) from revenue);

select a.brand, a.kind, a.size, count(distinct o.vendor_id) as vendors, sum(o.available) as available from offer o join article a on a.article_id = o.article_id
where a.brand <> 'B45' and o.vendor_id not in (select vendor_id from vendor where note like '%complaint%') group by a.brand, a.kind, a.size;

with usual as (select article_id, 0.2 * avg(quantity) as few, stddev(quantity) as spread from line group by article_id)
select a.brand, sum(l.price) / 7.0 as yearly, max(u.spread) as spread from line l join article a on a.article_id = l.article_id join usual u on u.article_id = l.article_id where l.quantity < u.few group by a.brand;

select b.buyer_name, b.buyer_id, p.purchase_id, p.purchase_date, p.total_price, sum(l.quantity) as quantity from buyer b join purchase p on p.buyer_id = b.buyer_id join line l on l.purchase_id = p.purchase_id
where p.purchase_id in (select purchase_id from line group by purchase_id having sum(quantity) > 300) group by b.buyer_name, b.buyer_id, p.purchase_id, p.purchase_date, p.total_price;

with ranked as (select p.*, row_number() over (partition by buyer_id order by purchase_date desc, purchase_id) as nth, lag(purchase_date) over (partition by buyer_id order by purchase_date) as before from purchase p), latest as (select * from ranked where nth = 1)
select b.buyer_id, b.buyer_name, l.purchase_id, l.total_price, l.purchase_date, l.before, coalesce(l.before, l.purchase_date) as since from buyer b left join latest l on l.buyer_id = b.buyer_id;

with people as (select vendor_id as id, vendor_name as name, balance, country_id, 'vendor' as role from vendor union all select buyer_id, buyer_name, balance, country_id, 'buyer' from buyer), named as (select p.*, c.country_name, r.area_name from people p join country c on c.country_id = p.country_id join area r on r.area_id = c.area_id)
select area_name, country_name, role, count(id) as people, sum(balance) as balance, min(name) as first_name from named group by area_name, country_name, role;

select b.buyer_id, (select count(*) from purchase p where p.buyer_id = b.buyer_id) as purchases, (select max(p.total_price) from purchase p where p.buyer_id = b.buyer_id and p.status = 'F') as largest, (select sum(l.price) from line l join purchase p on p.purchase_id = l.purchase_id where p.buyer_id = b.buyer_id) as spent, b.balance from buyer b;

with a1 as (select purchase_id, buyer_id, total_price, purchase_date from purchase where status <> 'X'), a2 as (select a1.*, b.segment, b.country_id from a1 join buyer b on b.buyer_id = a1.buyer_id), a3 as (select a2.*, c.country_name, c.area_id from a2 join country c on c.country_id = a2.country_id), a4 as (select a3.*, r.area_name from a3 join area r on r.area_id = a3.area_id), a5 as (select area_name, country_name, segment, extract(month from purchase_date) as month, sum(total_price) as total from a4 group by area_name, country_name, segment, extract(month from purchase_date)), a6 as (select *, total / sum(total) over (partition by area_name) as share, rank() over (partition by area_name, month order by total desc) as place from a5)
select area_name, country_name, segment, month, total, share, place from a6 where place <= 3;

select buyer_id, sum(case when extract(month from purchase_date) = 1 then total_price end) as jan, sum(case when extract(month from purchase_date) = 2 then total_price end) as feb, sum(case when extract(month from purchase_date) = 3 then total_price end) as mar, sum(case when extract(month from purchase_date) = 4 then total_price end) as apr, sum(case when extract(month from purchase_date) = 5 then total_price end) as may, sum(case when extract(month from purchase_date) = 6 then total_price end) as jun from purchase group by buyer_id;

with recent as (select article_id, vendor_id, sum(quantity) as sold, sum(price) as gross from line where ship_date >= date '2001-06-01' group by article_id, vendor_id), stock as (select article_id, vendor_id, available, supply_cost from offer), joined as (select r.article_id, r.vendor_id, r.sold, r.gross, s.available, s.supply_cost from recent r left join stock s on s.article_id = r.article_id and s.vendor_id = r.vendor_id)
select j.article_id, a.article_name, v.vendor_name, j.sold, j.available, j.gross - j.sold * j.supply_cost as margin, case when j.available < j.sold then 'order' when j.available < 2 * j.sold then 'watch' else 'fine' end as advice from joined j join article a on a.article_id = j.article_id join vendor v on v.vendor_id = j.vendor_id;

select v.vendor_name, count(*) as waits from vendor v join line l1 on l1.vendor_id = v.vendor_id join purchase p on p.purchase_id = l1.purchase_id join country c on c.country_id = v.country_id
where l1.receipt_date > l1.commit_date and exists (select 1 from line l2 where l2.purchase_id = l1.purchase_id and l2.vendor_id <> l1.vendor_id) and not exists (select 1 from line l3 where l3.purchase_id = l1.purchase_id and l3.vendor_id <> l1.vendor_id and l3.receipt_date > l3.commit_date) group by v.vendor_name;

with quiet as (select substring(phone, 1, 2) as code, balance, buyer_id from buyer b where not exists (select 1 from purchase p where p.buyer_id = b.buyer_id) and balance > (select avg(balance) from buyer where balance > 0))
select code, count(*) as buyers, sum(balance) as balance, max(buyer_id) as newest from quiet group by code
union all select 'all', count(*), sum(balance), max(buyer_id) from quiet;

select d.day, d.purchases, d.revenue, avg(d.revenue) over (order by d.day rows between 6 preceding and current row) as week, d.revenue - lag(d.revenue) over (order by d.day) as change, first_value(d.revenue) over (order by d.day) as first_revenue
from (select p.purchase_date as day, count(distinct p.purchase_id) as purchases, sum(l.price * (1 - l.discount)) as revenue from purchase p join line l on l.purchase_id = p.purchase_id join buyer b on b.buyer_id = p.buyer_id join country c on c.country_id = b.country_id where c.country_name in ('PERU', 'CHILE') group by p.purchase_date) d
