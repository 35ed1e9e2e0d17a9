import type { components } from './schema';

/** The body of an answer that is not a success (RFC 9457). */
export type Problem = components['schemas']['Problem'];

/** A request that did not succeed, in the server's words where it said any. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  readonly problem: Partial<Problem>;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  private constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  static of(response: Response, body: unknown): ApiError {
    const problem: Partial<Problem> = isProblem(body) ? body : {};
    const requestId = problem.requestId ?? response.headers.get('x-request-id') ?? undefined;
    const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
    return new ApiError(
      response.status,
      requestId ? { ...problem, requestId } : problem,
      Number.isNaN(seconds) ? undefined : seconds,
    );
  }

  static unreachable(cause: unknown): ApiError {
    const error = new ApiError(0, {});
    error.cause = cause;
    return error;
  }

  get code(): string | undefined {
    return this.problem.code;
  }

  /** What the server says about one field of the request, by the field's JSON pointer. */
  field(pointer: string): string | undefined {
    return this.problem.errors?.find((error) => error.pointer === pointer)?.detail;
  }
}

/** What the server says about each field, by its JSON pointer, where an attempt failed for that. */
export const fieldErrors = (error: unknown) => (pointer: string) =>
  error instanceof ApiError ? error.field(pointer) : undefined;

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body;
}
