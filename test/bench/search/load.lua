-- load.lua - what wrk sends: any of the addresses in a file, one a line.
-- arguments: the file, connections, seed

function setup(thread)
	threads = (threads or 0) + 1
	thread:set('number', threads)
	first = first or thread
end

local requests = {}

function init(args)
	connections = tonumber(args[2])
	math.randomseed(os.time() * 7 + number * 7919 + tonumber(args[3]))
	wrk.headers['Host'] = 'localhost'
	wrk.headers['Accept-Language'] = 'fr'
	for path in io.lines(args[1]) do requests[#requests + 1] = wrk.format('GET', path) end
end

function request()
	return requests[math.random(#requests)]
end

-- How many answers took so many microseconds. wrk adds answers that nobody waited for (stats_correct(): as if requests
-- came at a steady pace and stood behind a slow one); here clients wait for their answer, as those of pgbench do,
-- and searches differ in length: what it added is taken away again, from the slowest on.
local function answers(summary, latency)
	local pace = math.floor(summary.duration / math.max(math.floor(summary.requests / first:get('connections')), 1))
	local count = {}

	for i = 1, #latency do
		local us, n = latency(i)
		count[us] = n
	end
	for us = latency.max, 2 * pace, -1 do
		if (count[us] or 0) > 0 then
			for less = us - pace, pace + 1, -pace do count[less] = count[less] - count[us] end
		end
	end
	return count
end

local function percentiles(count, ...)
	local times, found = {}, {}

	for us, n in pairs(count) do
		for _ = 1, n do times[#times + 1] = us end
	end
	table.sort(times)
	for i, percent in ipairs({ ... }) do found[i] = times[math.max(math.ceil(#times * percent / 100), 1)] end
	return #times, unpack(found)
end

-- The line that measure_http reads: requests, microseconds, refused, broken, and p50, p95, p99 in microseconds.
function done(summary, latency)
	local e = summary.errors
	local n, p50, p95, p99 = percentiles(answers(summary, latency), 50, 95, 99)

	assert(n == summary.requests - e.timeout, 'wrk counts otherwise than is known here')
	print(string.format('door %d %d %d %d %d %d %d', summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, p50, p95, p99))
end
