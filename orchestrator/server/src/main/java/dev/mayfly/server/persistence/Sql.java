package dev.mayfly.server.persistence;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Values as the PostgreSQL driver takes and gives them. */
final class Sql {
  private Sql() {}

  /** The driver knows no {@link Instant}. */
  static OffsetDateTime timestamp(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  static Instant instant(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  static @Nullable Instant instantOrNull(ResultSet row, int column) throws SQLException {
    OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
    return value == null ? null : value.toInstant();
  }

  static List<String> texts(ResultSet row, int column) throws SQLException {
    return List.of((String[]) row.getArray(column).getArray());
  }

  static Array texts(Connection connection, Collection<String> values) throws SQLException {
    return connection.createArrayOf("text", values.toArray());
  }

  /** One array of a column out of many records, for {@code unnest}. */
  static <T> Array array(
      Connection connection, String type, List<T> records, Function<T, @Nullable Object> field)
      throws SQLException {
    List<@Nullable Object> values = new ArrayList<>(records.size());
    for (T item : records) {
      values.add(field.apply(item));
    }
    return connection.createArrayOf(type, values.toArray());
  }

  /** Fills the parameters of a statement from left to right. */
  static final class Parameters {
    private final Connection connection;
    private final PreparedStatement statement;
    private int next;

    Parameters(Connection connection, PreparedStatement statement) {
      this.connection = connection;
      this.statement = statement;
    }

    /** Starts again at the first one. */
    Parameters restart() {
      next = 0;
      return this;
    }

    Parameters add(UUID value) throws SQLException {
      statement.setObject(++next, value);
      return this;
    }

    Parameters addNullable(@Nullable UUID value) throws SQLException {
      if (value == null) {
        statement.setNull(++next, Types.OTHER, "uuid");
      } else {
        statement.setObject(++next, value);
      }
      return this;
    }

    Parameters add(@Nullable Instant value) throws SQLException {
      if (value == null) {
        statement.setNull(++next, Types.TIMESTAMP_WITH_TIMEZONE);
      } else {
        statement.setObject(++next, timestamp(value));
      }
      return this;
    }

    Parameters add(int value) throws SQLException {
      statement.setInt(++next, value);
      return this;
    }

    Parameters add(long value) throws SQLException {
      statement.setLong(++next, value);
      return this;
    }

    Parameters addNullable(@Nullable Long value) throws SQLException {
      if (value == null) {
        statement.setNull(++next, Types.BIGINT);
      } else {
        statement.setLong(++next, value);
      }
      return this;
    }

    Parameters add(boolean value) throws SQLException {
      statement.setBoolean(++next, value);
      return this;
    }

    Parameters addNullable(@Nullable Integer value) throws SQLException {
      if (value == null) {
        statement.setNull(++next, Types.INTEGER);
      } else {
        statement.setInt(++next, value);
      }
      return this;
    }

    Parameters add(@Nullable String value) throws SQLException {
      statement.setString(++next, value);
      return this;
    }

    Parameters add(Collection<String> values) throws SQLException {
      statement.setArray(++next, texts(connection, values));
      return this;
    }
  }
}
