package dev.mayfly.api.rest;

/**
 * Answer of {@code POST /api/v1/jobs/{id}/renew}.
 *
 * @param leaseSeconds how long a renewal lasts; renew at a third of it
 * @param until when the session is ended unless it is renewed again; RFC 3339, UTC
 */
public record RenewalView(int leaseSeconds, String until) {}
