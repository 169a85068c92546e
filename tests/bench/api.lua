-- api.lua - what wrk sends in scripts/bench api: BENCH_KIND is list, get, status or create.
--
-- BENCH_KEY holds the key; BENCH_DATASET the dataset of a create, whose names begin with
-- BENCH_PREFIX. The last line that is printed is one JSON object.

local kind, at, threads = os.getenv("BENCH_KIND"), 0, 0
local headers = {
  ["Content-Type"] = "application/json",
  ["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY"),
}
local body = string.format('{"intent":"Predict which customers will leave","dataset_id":"%s"}',
  os.getenv("BENCH_DATASET") or "")

function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

function request()
  at = at + 1
  if kind == "list" then return wrk.format("GET", "/models", headers) end
  if kind == "create" then
    local path = string.format("/models/%s-%d-%d", os.getenv("BENCH_PREFIX"), id, at)
    return wrk.format("POST", path, headers, body)
  end
  local name = string.format("bench-%d", (at * 7919 + id * 331) % 1000 + 1)
  return wrk.format("GET", kind == "get" and "/models/" .. name or "/models/" .. name .. "/v1.0/status", headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"requests_per_s":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
