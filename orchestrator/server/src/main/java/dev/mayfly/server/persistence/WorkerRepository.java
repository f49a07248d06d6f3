package dev.mayfly.server.persistence;

import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** Rows of {@code worker}. */
interface WorkerRepository extends JpaRepository<WorkerEntity, UUID> {

  /** What the unfinished attempts on one worker reserve. */
  record Reserved(UUID worker, long cpus, long memoryMib, long scratchMib) {}

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select w from WorkerEntity w where w.id = :id")
  Optional<WorkerEntity> lockById(UUID id);

  List<WorkerEntity> findAllByOrderByNameAscIdAsc();

  @Query(
      """
      select new dev.mayfly.server.persistence.WorkerRepository$Reserved(
        a.workerId, sum(j.cpus), sum(j.memoryMib), sum(j.scratchMib))
      from AttemptEntity a join JobEntity j on j.id = a.key.jobId
      where a.state <> 'FINISHED'
      group by a.workerId
      """)
  List<Reserved> reserved();

  @Modifying
  @Query("update WorkerEntity w set w.state = :state where w.id = :id")
  int setState(UUID id, String state);

  @Modifying
  @Query(
      "update WorkerEntity w set w.state = 'SILENT'"
          + " where w.state = 'ONLINE' and w.lastSeenAt < :before")
  int markSilent(Instant before);
}
