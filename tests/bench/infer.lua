-- infer.lua - what wrk sends in scripts/bench infer: rows of a table as JSON, one after another.
--
-- BENCH_ROWS names a file with a body on each line, BENCH_KEY holds the key. The requests are made
-- once at the start, so that sending costs wrk as little as it can. The last line that is printed
-- is one JSON object.

local requests, at = {}, 0

function init()
  local headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY"),
  }
  for row in io.lines(os.getenv("BENCH_ROWS")) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, row)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"requests_per_s":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
