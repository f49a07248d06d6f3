package dev.mayfly.server.persistence;

import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** Rows of {@code job} and {@code attempt}. */
interface JobRepository extends Repository<JobEntity, UUID> {

  /** A job and its last attempt. */
  record Row(JobEntity job, @Nullable AttemptEntity attempt) {}

  String ROW =
      "select new dev.mayfly.server.persistence.JobRepository$Row(j, a) from JobEntity j"
          + " left join AttemptEntity a on a.key.jobId = j.id and a.key.number = j.attempt ";

  @Query(ROW + "where j.id = :id")
  Optional<Row> row(UUID id);

  @Query(ROW + "where j.idempotencyKey = :key")
  Optional<Row> rowByKey(String key);

  @Query(ROW + "where j.state = 'QUEUED' order by j.id")
  List<Row> queued(Limit limit);

  @Query(
      ROW
          + "where j.state = 'ACTIVE' and a.workerId = :worker and a.state <> 'FINISHED' order by j.id")
  List<Row> activeOn(UUID worker);

  @Query(
      ROW
          + "where j.state = 'ACTIVE' and a.state <> 'FINISHED' and a.leaseExpiresAt <= :now"
          + " order by a.leaseExpiresAt")
  List<Row> expired(Instant now, Limit limit);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select j from JobEntity j where j.id = :id")
  Optional<JobEntity> lock(UUID id);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select a from AttemptEntity a where a.key.jobId = :job and a.key.number = :number")
  Optional<AttemptEntity> lockAttempt(UUID job, int number);

  @Query(
      """
      select new dev.mayfly.server.persistence.WorkerRepository$Reserved(
        a.workerId, sum(j.cpus), sum(j.memoryMib), sum(j.scratchMib))
      from AttemptEntity a join JobEntity j on j.id = a.key.jobId
      where a.state <> 'FINISHED' and a.workerId = :worker
      group by a.workerId
      """)
  Optional<WorkerRepository.Reserved> reservedOn(UUID worker);

  @Modifying
  @Query(
      "update JobEntity j set j.waitingBecause = :because where j.id = :id and j.state = 'QUEUED'")
  int explain(UUID id, String because);

  @Modifying
  @Query(
      "update AttemptEntity a set a.leaseExpiresAt = :expiresAt where a.key.jobId = :job"
          + " and a.key.number = :number and a.leaseEpoch = :epoch and a.state <> 'FINISHED'"
          + " and a.leaseExpiresAt > :expiresAt")
  int shorten(UUID job, int number, long epoch, Instant expiresAt);

  @Modifying
  @Query(
      "update AttemptEntity a set a.leaseExpiresAt = :expiresAt where a.key.jobId = :job"
          + " and a.key.number = :number and a.leaseEpoch = :epoch and a.workerId = :worker"
          + " and a.state <> 'FINISHED' and a.leaseExpiresAt > :now")
  int renew(UUID job, int number, long epoch, UUID worker, Instant now, Instant expiresAt);
}
