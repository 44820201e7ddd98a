import { language } from '../../language';
import { clockTime, dayClockTime, dayTime, moment, preciseTime } from '../when';

const at = (text: string) => new Date(text).getTime() / 1000;

afterEach(() => {
  language.locale = 'en-US';
  jest.useRealTimers();
});

it('writes the first hour of a day as 00', () => {
  expect(clockTime(at('2026-11-18T00:05:10'))).toBe('00:05:10');
  expect(preciseTime(at('2026-11-18T00:05:10.060'))).toBe('00:05:10.060');
  expect(moment(at('2026-11-18T00:05:10'))).toBe('Nov 18, 2026, 00:05:10');
});

it('writes the day as the language does, the clock always of 24 hours', () => {
  language.locale = 'de-DE';
  expect(moment(at('2026-11-18T15:05:10'))).toBe('18. Nov. 2026, 15:05:10');
});

it('leaves out what today says', () => {
  jest.useFakeTimers({ now: new Date('2026-11-18T15:05:10') });
  expect(dayTime(at('2026-11-18T09:01:02'))).toBe('09:01');
  expect(dayTime(at('2026-11-17T09:01:02'))).toBe('Nov 17, 09:01');
  expect(dayTime(at('2025-11-18T09:01:02'))).toBe('Nov 18, 2025, 09:01');
  expect(dayClockTime(at('2026-11-17T09:01:02'))).toBe('Nov 17, 09:01:02');
});

it('says nothing of what is not known', () => {
  expect([dayTime(null), dayTime(0), moment(null)]).toEqual(['', '', '']);
});
