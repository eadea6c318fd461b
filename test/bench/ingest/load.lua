-- load.lua - what wrk sends: guests' orders of three lines, or batches of 100 events.
-- arguments: order|event, connections, requests a second (0: as fast as they go), seed

local kind, pause, stamp

function init(args)
	kind = args[1]
	pause = tonumber(args[3]) > 0 and 1000 * tonumber(args[2]) / tonumber(args[3]) or 0
	math.randomseed(os.time() * 7 + tonumber(args[4]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	wrk.headers['Content-Type'] = 'application/json'
	wrk.headers['User-Agent'] = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0'
end

-- Connections send at moments of their own, so many a second on average.
function delay()
	return pause > 0 and math.floor(pause * 2 * math.random()) or 0
end

local function line(from, to, quantity)
	return string.format('{"productId":"00000000-0000-7000-8000-%d","quantity":%d}', 100000000000 + math.random(from, to), quantity)
end

local function order()
	return wrk.format('POST', '/api/v1/orders/guest', nil,
		'{"items":[' .. line(1, 333, 1) .. ',' .. line(334, 666, 2) .. ',' .. line(667, 1000, 1)
			.. '],"customerInfo":{"firstName":"Amine","lastName":"Essai","phone":"0' .. math.random(500000000, 799999999)
			.. '"},"shippingAddress":{"street":"12 rue Didouche Mourad","city":"Alger","postalCode":"16000","region":"16"}}')
end

local function event(type, session, ms, rest)
	return string.format('{"type":"%s","data":{"sessionId":"%s",%s},"timestamp":"%s.%03dZ"}', type, session, rest, stamp, ms)
end

local function product() return string.format('00000000-0000-7000-8000-%d', 100000000000 + math.random(1, 1000)) end

-- 25 events of a session that begins: 2 of the visit, 12 pages with the time on 6 of them, 5 of products.
local function session(list)
	local id = string.format('%08x-%04x-4%03x-9%03x-%06x%06x', math.random(0, 0xffffffff), math.random(0, 0xffff), math.random(0, 0xfff),
		math.random(0, 0xfff), math.random(0, 0xffffff), math.random(0, 0xffffff))

	list[#list + 1] = event('session_start', id, 0, '"deviceType":"mobile","browser":"Chrome","os":"Android","country":"DZ","city":"Alger"')
	list[#list + 1] = event('traffic_source', id, 1, '"utmSource":"facebook","utmMedium":"social","utmCampaign":"hiver"')
	for i = 1, 12 do
		local path = i % 3 == 0 and '/fr/products/' .. product() or '/fr/products'

		list[#list + 1] = event('page_view', id, i * 60, '"pagePath":"' .. path .. '","pageTitle":"Pièces de chauffage","referrer":"","deviceType":"mobile","browser":"Chrome","os":"Android"')
		if i % 2 == 0 then list[#list + 1] = event('page_duration', id, i * 60 + 30, '"pagePath":"' .. path .. '","duration":' .. math.random(1, 300)) end
	end
	for i = 1, 5 do
		list[#list + 1] = event('ecommerce_event', id, 800 + i, string.format('"eventType":"%s","productId":"%s","value":%d,"currency":"DZD","quantity":1',
			i % 2 == 0 and 'add_to_cart' or 'view_item', product(), math.random(100, 100000)))
	end
end

local function batch()
	local list = {}

	stamp = os.date('!%Y-%m-%dT%H:%M:%S', os.time() - 1)
	for _ = 1, 4 do session(list) end
	return wrk.format('POST', '/api/v1/analytics/events', nil, '{"events":[' .. table.concat(list, ',') .. ']}')
end

function request()
	return kind == 'event' and batch() or order()
end

-- The line that ingest.sh reads: requests, microseconds, refused, broken, p50, p95, p99.
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format('door %d %d %d %d %.0f %.0f %.0f', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
