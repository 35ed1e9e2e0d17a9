/** A few numbers as a line: for eyes alone, the newest stands beside it in digits. */
export function Sparkline({ values }: { values: number[] }) {
  return (
    <svg className="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={pointsOf(values)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** Points of a line 100 wide and 24 high. What does not change is a line through the middle. */
export function pointsOf(values: number[]): string {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  const step = 100 / Math.max(1, values.length - 1);
  const ends = values.length === 1 ? [...values, ...values] : values;
  return ends
    .map((value, index) => {
      const height = range === 0 ? 12 : 22 - (20 * (value - least)) / range;
      return `${Math.round(index * step * 10) / 10},${Math.round(height * 10) / 10}`;
    })
    .join(' ');
}
