/** Directory records count years from 1900 in one byte: the last second they can express is the last of 2155. */
export const maxIsoSeconds = 5_869_583_999;

interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/**
 * Writes a time as directory records and Rock Ridge hold it: seven bytes, UTC (ECMA-119 9.1.5).
 *
 * @param seconds - Unix seconds, 0 to {@link maxIsoSeconds}.
 */
export function recordTime(seconds: number): Uint8Array {
  const { year, month, day, hour, minute, second } = civilTime(seconds);
  return Uint8Array.of(year - 1900, month, day, hour, minute, second, 0);
}

/**
 * Writes a time as volume descriptors hold it: sixteen digits and the zone, UTC (ECMA-119 8.4.26.1).
 *
 * @param seconds - Unix seconds, 0 to {@link maxIsoSeconds}; undefined for "not specified".
 */
export function descriptorTime(seconds: number | undefined): Uint8Array {
  const bytes = new Uint8Array(17);
  let digits = '0'.repeat(16);
  if (seconds !== undefined) {
    const { year, month, day, hour, minute, second } = civilTime(seconds);
    const pairs = [month, day, hour, minute, second, 0].map((value) => String(value).padStart(2, '0'));
    digits = `${year}${pairs.join('')}`;
  }
  for (let index = 0; index < 16; index += 1) bytes[index] = digits.charCodeAt(index);
  return bytes;
}

/** Gregorian date and time of day in UTC, from arithmetic alone: this folder is pure and has no Date. */
function civilTime(seconds: number): CivilTime {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  // Count from 1 March of year 0, so that the leap day is the last day of a year; 719468 days lie before 1970.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Months of 31, 30, 31, 30, 31 days repeat from March on: 153 days in five.
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  };
}
