/** The mark: two rings that hold each other. */
export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" width="26" height="26" fill="none" strokeWidth="3.2" aria-hidden="true">
        <circle cx="12" cy="16" r="8" className="brand-a" />
        <circle cx="20" cy="16" r="8" className="brand-b" />
        <path d="M12 8a8 8 0 0 1 8 8" className="brand-a" />
      </svg>
      <span>Entente</span>
    </span>
  );
}
