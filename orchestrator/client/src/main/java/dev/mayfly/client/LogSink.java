package dev.mayfly.client;

import java.io.IOException;

/** Takes a followed log, piece by piece, in order, each exactly once; called by one thread. */
public interface LogSink {

  /**
   * Takes a piece.
   *
   * @return whether to go on following
   * @throws IOException when it cannot be taken; ends the following and reaches its caller
   */
  boolean accept(LogPiece piece) throws IOException;

  /**
   * The connection broke and is tried again.
   *
   * @param reason one line
   * @param tries how many in a row have failed, from 1
   */
  default void reconnecting(String reason, int tries) {}
}
