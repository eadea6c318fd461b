-- load.lua - what wrk sends: a guest's order of three lines of random products, as order.pgb.
-- argument: seed

function setup(thread)
	threads = (threads or 0) + 1
	thread:set('number', threads)
end

function init(args)
	math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[1]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	wrk.headers['Content-Type'] = 'application/json'
end

local function line(from, to, quantity)
	return string.format('{"productId":"00000000-0000-7000-8000-%d","quantity":%d}', 100000000000 + math.random(from, to), quantity)
end

function request()
	return wrk.format('POST', '/api/v1/orders/guest', nil,
		'{"items":[' .. line(1, 333, 1) .. ',' .. line(334, 666, 2) .. ',' .. line(667, 1000, 1)
			.. '],"customerInfo":{"firstName":"Amine","lastName":"Essai","phone":"0' .. math.random(500000000, 799999999)
			.. '"},"shippingAddress":{"street":"12 rue Didouche Mourad","city":"Alger","postalCode":"16000","region":"16"}}')
end

-- The line that measure_http reads: requests, microseconds, refused, broken, p50, p99.
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format('door %d %d %d %d %.0f %.0f', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
