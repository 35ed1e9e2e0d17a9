import { createLink, type LinkComponent } from '@tanstack/react-router';
import { type AnchorHTMLAttributes, type ButtonHTMLAttributes, forwardRef, type ReactNode } from 'react';

type Look = { look?: 'primary' | 'plain' | 'quiet' | 'danger'; size?: 'medium' | 'small' };

const className = ({ look = 'plain', size = 'medium' }: Look, extra?: string) =>
  ['button', look !== 'plain' && `button-${look}`, size === 'small' && 'button-small', extra]
    .filter(Boolean)
    .join(' ');

export type ButtonProps = Look &
  Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
    /** What is under way; the button takes no clicks meanwhile. */
    busy?: boolean;
    /** Why it cannot be used now: shown on hover and to screen readers. The button stays in the tab order for that. */
    disabledReason?: string | undefined;
    children: ReactNode;
  };

/** A button. One that may not be used is not hidden: it says why. */
export function Button({
  look,
  size,
  busy = false,
  disabledReason,
  className: extra,
  onClick,
  ...rest
}: ButtonProps) {
  const isOff = busy || disabledReason !== undefined;
  return (
    <button
      type="button"
      {...rest}
      {...(isOff && { 'aria-disabled': true })}
      {...(busy && { 'aria-busy': true })}
      title={disabledReason ?? rest.title}
      className={className({ ...(look && { look }), ...(size && { size }) }, extra)}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}

const Anchor = forwardRef<HTMLAnchorElement, Look & AnchorHTMLAttributes<HTMLAnchorElement>>(
  function ButtonAnchor({ look, size, className: extra, ...rest }, ref) {
    return (
      <a ref={ref} {...rest} className={className({ ...(look && { look }), ...(size && { size }) }, extra)} />
    );
  },
);

const Linked = createLink(Anchor);

/** A link that looks like a button. */
export const LinkButton: LinkComponent<typeof Anchor> = (props) => <Linked {...props} />;
