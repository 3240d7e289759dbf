-- os: dates from fixed times, arithmetic on dates, environment, files, clock, and errors.
print(os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%c", 86400 * 365), os.date("!%x %X %p", 43200)) --> 1970-01-01 00:00:00	Fri Jan  1 00:00:00 1971	01/01/70 12:00:00 PM
local d = os.date("!*t", 1700000000)
print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst) --> 2023	11	14	22	13	20	3	318	false
print(os.date("!%A %B %j %U %w %y %%", 1700000000)) --> Tuesday November 318 46 2 23 %
-- a year of days
local seen = {}
for i = 0, 365 do seen[i + 1] = os.date("!%m%d", i * 86400) end
print(seen[1], seen[32], seen[60], seen[365], seen[366]) --> 0101	0201	0301	1231	0101
print(os.time({ year = 2024, month = 1, day = 1, hour = 12 }) - os.time({ year = 2023, month = 12, day = 31, hour = 12 })) --> 86400
local t = { year = 2024, month = 14, day = -3, hour = 12 }
os.time(t)
print(t.year, t.month, t.day) --> 2025	1	28
print(os.difftime(100, 40), math.type(os.time()), type(os.clock()), os.clock() >= 0) --> 60.0	integer	number	true
print(pcall(os.time, { year = 2024 })) --> false	field 'month' missing in date table
print(pcall(os.time, { year = 2024, month = "x", day = 1 })) --> false	field 'month' is not an integer
print(pcall(os.time, { year = 2024, month = 1.5, day = 1 })) --> false	field 'month' is not an integer
print(pcall(os.date, "%Ez", 0)) --> false	bad argument #1 to 'os.date' (invalid conversion specifier '%Ez')
print(pcall(os.date, "%", 0)) --> false	bad argument #1 to 'os.date' (invalid conversion specifier '%')
print(os.getenv("SURELY_NOT_SET_ANYWHERE"), type(os.getenv("PATH"))) --> nil	string
local a, b = os.tmpname(), os.tmpname()
print(a ~= b, os.remove(b), os.rename(a, b), (io.open(a)), os.remove(b)) --> true	true	true	nil	true
print(os.remove("/nonexistent/file")) --> nil	/nonexistent/file: No such file or directory	2
print(os.rename("/nonexistent/a", "/nonexistent/b")) --> nil	No such file or directory	2
print(os.setlocale(), os.setlocale("C"), os.setlocale("no such locale"), os.setlocale(nil, "numeric")) --> C	C	nil	C
print(pcall(os.setlocale, nil, "nonsense")) --> false	bad argument #2 to 'os.setlocale' (invalid option 'nonsense')
-- time never runs backwards, in a hot loop
local last, ok = os.clock(), true
for i = 1, 2000 do
  local now = os.clock()
  if now < last then ok = false end
  last = now
end
print(ok) --> true
print(os.execute() == true or os.execute(), os.execute("exit 3")) --> true	nil	exit	3
print(os.execute("true"), os.execute("kill -9 $$")) --> true	nil	signal	9
local p = io.popen("echo from a shell; exit 4")
print(p:read("l"), p:close()) --> from a shell	nil	exit	4
