// How do HTTP and clouds' signatures write a time? (pure)

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** IMF-fixdate, the one form that may be sent (RFC 9110 section 5.6.7). */
export function httpDate(instant: Temporal.Instant): string {
  const { year, month, day, dayOfWeek, hour, minute, second } = instant.toZonedDateTimeISO("UTC");
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = `${two(day)} ${months[month - 1] ?? ""} ${String(year).padStart(4, "0")}`;
  return `${days[dayOfWeek - 1] ?? ""}, ${date} ${two(hour)}:${two(minute)}:${two(second)} GMT`;
}

/** Undefined for what is no IMF-fixdate. */
export function instantOfHttpDate(text: string): Temporal.Instant | undefined {
  const match = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/.exec(text.trim());
  if (!match) return undefined;
  const [, day = "", month = "", year = "", time = ""] = match;
  const index = months.indexOf(month);
  if (index < 0) return undefined;
  try {
    return Temporal.Instant.from(`${year}-${String(index + 1).padStart(2, "0")}-${day}T${time}Z`);
  } catch {
    return undefined;
  }
}
