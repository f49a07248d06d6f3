package dev.mayfly.image.builder;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what is installed from dpkg's own record, as {@code package=version}. */
final class PackageStatus {
  private static final Pattern PACKAGE = Pattern.compile("(?m)^Package: (\\S+)$");
  private static final Pattern VERSION = Pattern.compile("(?m)^Version: (\\S+)$");
  private static final Pattern INSTALLED = Pattern.compile("(?m)^Status: \\S+ ok installed$");

  private PackageStatus() {}

  /** Of {@code /var/lib/dpkg/status}, sorted. */
  static List<String> installed(String status) throws BuildException {
    List<String> packages = new ArrayList<>();
    for (String paragraph : status.split("\n\n+")) {
      if (INSTALLED.matcher(paragraph).find()) {
        packages.add(packageAndVersion(paragraph));
      }
    }
    packages.sort(null);
    return packages;
  }

  /** Of one paragraph. */
  static String packageAndVersion(String paragraph) throws BuildException {
    Matcher name = PACKAGE.matcher(paragraph);
    Matcher version = VERSION.matcher(paragraph);
    if (!name.find() || !version.find()) {
      throw new BuildException("a package's record lacks its name or version");
    }
    return name.group(1) + "=" + version.group(1);
  }
}
