-- load.lua - what wrk sends: the page of any product, the list of any category, or a guest's order of
-- one unit of a product. arguments: detail|list|order, number of products, gzip|plain, seed
local what, parts, encoding

function setup(thread)
	threads = (threads or 0) + 1
	thread:set('number', threads)
end

-- Every request is as long as the next: all but the numbers is written once, so that the client,
-- which shares the machine, costs little, as pgbench does.
local BODY = '{"items":[{"productId":"00000000-0000-7000-8000-%d","quantity":1}],"customerInfo":{"firstName":"Amine","lastName":"Essai","phone":"0%d"},'
	.. '"shippingAddress":{"street":"12 rue Didouche Mourad","city":"Alger","postalCode":"16000","region":"16"}}'
local ONE = 100000000000
local whole

local function escaped(text) return (text:gsub('%%', '%%%%')) end

function init(args)
	what, parts, encoding = args[1], tonumber(args[2]), args[3]
	math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[4]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	if encoding == 'gzip' then wrk.headers['Accept-Encoding'] = 'gzip' end
	if what ~= 'order' then
		whole = escaped(wrk.format('GET', what == 'detail' and '/api/v1/products/banc-@' or '/api/v1/products?category=rayon-@')):gsub('@', '%%d')
		return
	end
	wrk.headers['Content-Type'] = 'application/json'
	local body = string.format(BODY, ONE, 500000000)
	whole = escaped(wrk.format('POST', '/api/v1/orders/guest', nil, body):sub(1, -#body - 1)) .. BODY
end

function request()
	if what == 'detail' then return string.format(whole, math.random(parts)) end
	if what == 'list' then return string.format(whole, math.random(70)) end
	return string.format(whole, ONE + math.random(parts), math.random(500000000, 799999999))
end

-- The line that door.sh reads: requests, microseconds, refused, broken, p50, p99.
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format('door %d %d %d %d %.0f %.0f', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
