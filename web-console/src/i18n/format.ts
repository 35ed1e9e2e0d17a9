/** Numbers, times and sizes in the words of the chosen language. */
import { useTranslation } from 'react-i18next';
import { language } from '.';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

function relative(from: number, to: number, tag: string): string {
  const seconds = Math.round((from - to) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

function elapsed(milliseconds: number, tag: string): string {
  const unit = (value: number, name: string, digits = 0) =>
    new Intl.NumberFormat(tag, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  const seconds = milliseconds / 1000;
  if (seconds < 10) return unit(seconds, 'second', seconds < 1 ? 2 : 1);
  if (seconds < 60) return unit(Math.round(seconds), 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(Math.round(seconds % 60), 'second')}`;
  return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
}

/** Formatters of the chosen language; renders again when it changes. */
export function useFormat() {
  useTranslation();
  const tag = language();
  return {
    number: (value: number) => new Intl.NumberFormat(tag).format(value),
    time: (time: string) =>
      new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time)),
    utc: (time: string) =>
      `${new Date(time)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, '')} UTC`,
    ago: (time: string, now = Date.now()) => relative(new Date(time).getTime(), now, tag),
    duration: (milliseconds: number) => elapsed(milliseconds, tag),
    percent: (fraction: number) => new Intl.NumberFormat(tag, { style: 'percent' }).format(fraction),
    list: (words: string[]) => new Intl.ListFormat(tag, { type: 'conjunction' }).format(words),
  };
}
