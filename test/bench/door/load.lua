-- load.lua - what wrk sends: the page of any product, the list of any category, or a guest's order of
-- one unit of a product. arguments: detail|list|order, number of products, gzip|plain, seed
local what, parts, encoding

function setup(thread)
	threads = (threads or 0) + 1
	thread:set('number', threads)
end

function init(args)
	what, parts, encoding = args[1], tonumber(args[2]), args[3]
	math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[4]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	if encoding == 'gzip' then wrk.headers['Accept-Encoding'] = 'gzip' end
	if what == 'order' then wrk.headers['Content-Type'] = 'application/json' end
end

function request()
	local n = math.random(parts)
	if what == 'detail' then return wrk.format('GET', '/api/v1/products/banc-' .. n) end
	if what == 'list' then return wrk.format('GET', '/api/v1/products?category=rayon-' .. math.random(70)) end
	return wrk.format('POST', '/api/v1/orders/guest', nil,
		'{"items":[{"productId":"00000000-0000-7000-8000-' .. string.format('%d', 100000000000 + n) .. '","quantity":1}],"customerInfo":{"firstName":"Amine","lastName":"Essai","phone":"0'
			.. math.random(500000000, 799999999) .. '"},"shippingAddress":{"street":"12 rue Didouche Mourad","city":"Alger","postalCode":"16000","region":"16"}}')
end

-- The line that door.sh reads: requests, microseconds, refused, broken, p50, p99.
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format('door %d %d %d %d %.0f %.0f', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
