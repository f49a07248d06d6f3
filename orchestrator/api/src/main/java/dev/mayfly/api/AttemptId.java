package dev.mayfly.api;

/**
 * One try of a job on one worker; the number counts from 1. Text form: {@code <job id>.<number>}.
 */
public record AttemptId(JobId job, int number) {

  public AttemptId {
    if (number < 1) {
      throw new IllegalArgumentException("attempt number is " + number + ", must be at least 1");
    }
  }

  @Override
  public String toString() {
    return job + "." + number;
  }
}
