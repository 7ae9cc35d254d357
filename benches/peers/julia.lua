-- The loop of julia in Lua: one line with the seconds and the sum of the counts.
-- usage: lua5.4 julia.lua WIDTH

local width = math.tointeger(tonumber(arg[1]))
local c_re, c_im, max_iterations = -0.62772, -0.42193, 300
local x, y, counts = {}, {}, {}
for i = 0, width - 1 do
  x[i] = -1.8 + i * 3.6 / width
  y[i] = 1.8 - i * 3.6 / width
end

local function julia()
  for row = 0, width - 1 do
    local y0 = y[row]
    for column = 0, width - 1 do
      local a, b, n = x[column], y0, 0
      while n < max_iterations and a * a + b * b < 4.0 do
        a, b = a * a - b * b + c_re, a * b + b * a + c_im
        n = n + 1
      end
      counts[row * width + column] = n
    end
  end
end

local start = os.clock()
julia()
local seconds = os.clock() - start
local sum = 0
for i = 0, width * width - 1 do
  sum = sum + counts[i]
end
print(string.format("%.6f %d", seconds, sum))
