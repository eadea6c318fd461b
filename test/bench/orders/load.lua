-- load.lua - what wrk sends: a guest's order of three lines of random products, as order.pgb.
-- argument: seed

function setup(thread)
	threads = (threads or 0) + 1
	thread:set('number', threads)
end

-- Every request is as long as the next: all but four numbers is written once, so that the client,
-- which shares the machine, costs little, as pgbench does.
local LINE = '{"productId":"00000000-0000-7000-8000-%d","quantity":'
local BODY = '{"items":[' .. LINE .. '1},' .. LINE .. '2},' .. LINE .. '1}],"customerInfo":{"firstName":"Amine","lastName":"Essai","phone":"0%d"},'
	.. '"shippingAddress":{"street":"12 rue Didouche Mourad","city":"Alger","postalCode":"16000","region":"16"}}'
local ONE = 100000000000
local whole

function init(args)
	math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[1]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	wrk.headers['Content-Type'] = 'application/json'
	local body = string.format(BODY, ONE, ONE, ONE, 500000000)
	whole = wrk.format('POST', '/api/v1/orders/guest', nil, body):sub(1, -#body - 1) .. BODY
end

function request()
	return string.format(whole, ONE + math.random(333), ONE + math.random(334, 666), ONE + math.random(667, 1000),
		math.random(500000000, 799999999))
end

-- The line that measure_http reads: requests, microseconds, refused, broken, p50, p99.
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format('door %d %d %d %d %.0f %.0f', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
