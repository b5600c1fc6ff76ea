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

// The three forms that must be read, the last two of which nobody may send any more: RFC 9110 section 5.6.7.
const forms = [
  // IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  // RFC 850: `Sunday, 06-Nov-94 08:49:37 GMT`
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  // asctime: `Sun Nov  6 08:49:37 1994`
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/** Undefined for what is none. @param now tells the century of a year that is written with two digits */
export function instantOfHttpDate(text: string, now: Temporal.Instant): Temporal.Instant | undefined {
  const written = text.trim();
  for (const form of forms) {
    const { day = "", month = "", year = "", time = "" } = form.exec(written)?.groups ?? {};
    const index = months.indexOf(month);
    if (index < 0) continue;
    const rest = `${String(index + 1).padStart(2, "0")}-${day.replace(" ", "0")}T${time}Z`;
    return year.length === 2 ? withinCentury(year, rest, now) : instantOf(`${year}-${rest}`);
  }
  return undefined;
}

/** Not every century has the 29th of February in its first year. */
function instantOf(text: string): Temporal.Instant | undefined {
  try {
    return Temporal.Instant.from(text);
  } catch {
    return undefined;
  }
}

/** What would be more than fifty years ahead has passed: RFC 9110 section 5.6.7. */
function withinCentury(year: string, rest: string, now: Temporal.Instant): Temporal.Instant | undefined {
  const { year: thisYear } = now.toZonedDateTimeISO("UTC");
  const century = Math.floor(thisYear / 100);
  const latest = now.toZonedDateTimeISO("UTC").add({ years: 50 }).toInstant();
  return [century + 1, century, century - 1]
    .flatMap((hundreds) => instantOf(`${hundreds}${year}-${rest}`) ?? [])
    .find((at) => Temporal.Instant.compare(at, latest) <= 0);
}
