-- Post creates with ids of their own; print the figures as one line of JSON.
local number = 0

function setup(thread)
  number = number + 1
  thread:set("name", number)
end

function init(args)
  prefix, token, template = args[1] .. "-" .. name .. "-", args[2], args[3]
  count = 0
end

function request()
  count = count + 1
  local body = template:gsub("@KEY@", prefix .. count)
  local headers = { ["Content-Type"] = "application/json", ["pagertree-token"] = token }
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
