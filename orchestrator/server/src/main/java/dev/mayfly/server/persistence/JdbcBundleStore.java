package dev.mayfly.server.persistence;

import dev.mayfly.api.BlobDigest;
import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.core.image.BundleStore;
import dev.mayfly.core.image.ImagePolicy;
import dev.mayfly.core.image.StoredBundle;
import dev.mayfly.core.image.StoredBundle.NeededBlob;
import dev.mayfly.core.image.StoredBundle.Signature;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Bundles in the tables {@code bundle} and {@code bundle_blob}. */
class JdbcBundleStore implements BundleStore {
  private static final String COLUMNS =
      "digest, manifest, signature_keys, signatures, image, architecture, size_bytes,"
          + " source_digest, stored_at";

  private final Database database;

  JdbcBundleStore(Database database) {
    this.database = database;
  }

  @Override
  public Put put(StoredBundle bundle, Presence presence) {
    return database.transaction(connection -> {
      ImageWrites.holdOffCollections(connection);
      List<BlobDigest> missing = presence.missing(bundle.blobs());
      if (!missing.isEmpty()) {
        return new Put.Lacking(missing);
      }
      insert(connection, bundle);
      Map<String, Signature> signatures = new TreeMap<>(lockedSignatures(connection, bundle));
      signatures.putAll(bundle.signatures());
      if (signatures.size() > StoredBundle.MAX_SIGNATURES) {
        return new Put.TooManySignatures();
      }
      update(connection, bundle, signatures);
      insertBlobs(connection, bundle);
      return new Put.Stored(
          new StoredBundle(
              bundle.digest(),
              bundle.manifest(),
              signatures,
              bundle.image(),
              bundle.architecture(),
              bundle.sizeBytes(),
              bundle.sourceDigest(),
              bundle.blobs(),
              bundle.storedAt()));
    });
  }

  private static void insert(Connection connection, StoredBundle bundle) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into bundle (digest, image, architecture, size_bytes, source_digest, stored_at,
              signature_keys, signatures, manifest)
            values (?, ?, ?, ?, ?, ?, '{}', '{}', ?)
            on conflict (digest) do nothing
            """)) {
      new Sql.Parameters(connection, insert)
          .add(bundle.digest().value())
          .add(bundle.image().value())
          .add(bundle.architecture())
          .add(bundle.sizeBytes())
          .add(bundle.sourceDigest())
          .add(bundle.storedAt());
      insert.setBytes(7, bundle.manifest());
      insert.executeUpdate();
    }
  }

  private static Map<String, Signature> lockedSignatures(Connection connection, StoredBundle bundle)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select signature_keys, signatures from bundle where digest = ? for update")) {
      select.setString(1, bundle.digest().value());
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return signatures(row, 1, 2);
      }
    }
  }

  private static void update(
      Connection connection, StoredBundle bundle, Map<String, Signature> signatures)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "update bundle set stored_at = ?, signature_keys = ?, signatures = ?"
                + " where digest = ?")) {
      update.setObject(1, Sql.timestamp(bundle.storedAt()));
      update.setArray(2, Sql.texts(connection, signatures.keySet()));
      byte[][] values = signatures.values().stream().map(Signature::bytes).toArray(byte[][]::new);
      update.setArray(3, connection.createArrayOf("bytea", values));
      update.setString(4, bundle.digest().value());
      update.executeUpdate();
    }
  }

  private static void insertBlobs(Connection connection, StoredBundle bundle) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into bundle_blob (bundle_digest, blob_digest, size_bytes)"
                + " select ?, * from unnest(?::text[], ?::bigint[]) on conflict do nothing")) {
      insert.setString(1, bundle.digest().value());
      insert.setArray(
          2, Sql.array(connection, "text", bundle.blobs(), blob -> blob.digest().value()));
      insert.setArray(3, Sql.array(connection, "bigint", bundle.blobs(), NeededBlob::sizeBytes));
      insert.executeUpdate();
    }
  }

  private static Map<String, Signature> signatures(ResultSet row, int keys, int values)
      throws SQLException {
    List<String> ids = Sql.texts(row, keys);
    byte[][] bytes = (byte[][]) row.getArray(values).getArray();
    Map<String, Signature> signatures = new TreeMap<>();
    for (int i = 0; i < ids.size(); i++) {
      signatures.put(ids.get(i), Signature.of(bytes[i]));
    }
    return signatures;
  }

  @Override
  public Optional<StoredBundle> find(BundleDigest digest) {
    return find(List.of(digest)).stream().findFirst();
  }

  @Override
  public List<StoredBundle> find(Collection<BundleDigest> digests) {
    if (digests.isEmpty()) {
      return List.of();
    }
    return database.transaction(connection -> {
      Map<String, List<NeededBlob>> blobs = blobs(connection, digests);
      Map<String, StoredBundle> found = new LinkedHashMap<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select " + COLUMNS + " from bundle where digest = any (?) order by digest")) {
        new Sql.Parameters(connection, select).add(texts(digests));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            String digest = rows.getString(1);
            List<NeededBlob> needed = blobs.get(digest);
            // Stored since the other question was asked: as good as not yet.
            if (needed != null) {
              found.put(digest, read(rows, needed));
            }
          }
        }
      }
      return List.copyOf(found.values());
    });
  }

  private static Map<String, List<NeededBlob>> blobs(
      Connection connection, Collection<BundleDigest> digests) throws SQLException {
    Map<String, List<NeededBlob>> blobs = new HashMap<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            "select bundle_digest, blob_digest, size_bytes from bundle_blob"
                + " where bundle_digest = any (?) order by bundle_digest, blob_digest")) {
      new Sql.Parameters(connection, select).add(texts(digests));
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          blobs
              .computeIfAbsent(rows.getString(1), _ -> new ArrayList<>())
              .add(new NeededBlob(new BlobDigest(rows.getString(2)), rows.getLong(3)));
        }
      }
    }
    return blobs;
  }

  private static StoredBundle read(ResultSet row, List<NeededBlob> blobs) throws SQLException {
    return new StoredBundle(
        new BundleDigest(row.getString(1)),
        row.getBytes(2),
        signatures(row, 3, 4),
        new ImageRef(row.getString(5)),
        row.getString(6),
        row.getLong(7),
        row.getString(8),
        blobs,
        Sql.instant(row, 9));
  }

  private static List<String> texts(Collection<BundleDigest> digests) {
    return digests.stream().map(BundleDigest::value).distinct().toList();
  }

  @Override
  public Set<BundleDigest> servable(Collection<BundleDigest> digests) {
    if (digests.isEmpty()) {
      return Set.of();
    }
    return database.statement(connection -> {
      Set<BundleDigest> servable = new HashSet<>();
      try (PreparedStatement select =
          connection.prepareStatement("select digest from bundle where digest = any (?)")) {
        new Sql.Parameters(connection, select).add(texts(digests));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            servable.add(new BundleDigest(rows.getString(1)));
          }
        }
      }
      return servable;
    });
  }

  @Override
  public int trimVersions() {
    return database.transaction(connection -> {
      ImageWrites.lockForCollection(connection);
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              delete from image_version v using (
                select image, number,
                  row_number() over (partition by image order by number desc) as place
                from image_version) ranked
                left join image_policy p on p.image = ranked.image
              where v.image = ranked.image and v.number = ranked.number
                and ranked.place > coalesce(p.keep, ?)
              """)) {
        delete.setInt(1, ImagePolicy.DEFAULT_KEEP);
        return delete.executeUpdate();
      }
    });
  }

  @Override
  public List<BundleDigest> removeUnneeded(Instant storedBefore, int limit) {
    return database.transaction(connection -> {
      ImageWrites.lockForCollection(connection);
      List<BundleDigest> removed = new ArrayList<>();
      try (PreparedStatement delete =
          connection.prepareStatement(
              """
              delete from bundle where digest in (
                select digest from bundle b
                where stored_at < ?
                  and not exists (select 1 from image where bundle_digest = b.digest)
                  and not exists (select 1 from image_version where bundle_digest = b.digest)
                  and b.digest not in (
                    select bundle_digest from job
                    where state in ('QUEUED', 'ACTIVE') and bundle_digest is not null)
                order by stored_at limit ?)
              returning digest
              """)) {
        new Sql.Parameters(connection, delete).add(storedBefore).add(limit);
        try (ResultSet rows = delete.executeQuery()) {
          while (rows.next()) {
            removed.add(new BundleDigest(rows.getString(1)));
          }
        }
      }
      return removed;
    });
  }

  @Override
  public void removeUnneeded(List<BlobDigest> candidates, Removal removal) {
    database.transaction(connection -> {
      ImageWrites.lockForCollection(connection);
      List<BlobDigest> unneeded = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select candidate from unnest(?::text[]) candidate where not exists ("
                  + "select 1 from bundle_blob where blob_digest = candidate)")) {
        select.setArray(1, Sql.array(connection, "text", candidates, BlobDigest::value));
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            unneeded.add(new BlobDigest(rows.getString(1)));
          }
        }
      }
      unneeded.forEach(removal::remove);
      return unneeded.size();
    });
  }
}
