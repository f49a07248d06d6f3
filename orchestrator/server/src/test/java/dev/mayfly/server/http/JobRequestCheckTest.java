package dev.mayfly.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.api.BundleDigest;
import dev.mayfly.api.ImageRef;
import dev.mayfly.api.Label;
import dev.mayfly.api.Priority;
import dev.mayfly.api.ProjectName;
import dev.mayfly.api.Shape;
import dev.mayfly.api.rest.JobRequest;
import dev.mayfly.api.rest.Problem;
import dev.mayfly.core.image.Image;
import dev.mayfly.core.job.JobSpec;
import dev.mayfly.core.job.Workload;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class JobRequestCheckTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Image IMAGE =
      new Image(
          new ImageRef("debian:12"),
          new BundleDigest("sha256:" + "a".repeat(64)),
          "x86_64",
          1,
          Instant.EPOCH);

  @Test
  void whatIsNotAskedForHasItsDefault() {
    JobSpec spec = spec("{'command':['true']}");
    assertThat(spec.demand().project()).isEqualTo(ProjectName.DEFAULT);
    assertThat(spec.demand().priority()).isEqualTo(Priority.NORMAL);
    assertThat(spec.demand().architecture()).isEqualTo("x86_64");
    assertThat(spec.demand().labels()).isEmpty();
    assertThat(spec.shape()).isEqualTo(Shape.DEFAULT);
    assertThat(spec.workload()).isEqualTo(new Workload.Batch(List.of("true")));
    assertThat(spec.secrets()).isEmpty();
    assertThat(spec.limits().run()).isEqualTo(Duration.ofHours(1));
    assertThat(spec.limits().queue()).isEqualTo(Duration.ofDays(1));
    assertThat(spec.limits().attempts()).isEqualTo(3);
    assertThat(spec.limits().logBytes()).isEqualTo(100L * 1024 * 1024);
  }

  @Test
  void everythingThatIsAskedForIsInTheSpec() {
    JobSpec spec =
        spec(
            """
            {'command':['x'],'environment':{'A':'1'},'secrets':{'TOKEN':'hush'},'project':'ci',
             'priority':'URGENT','labels':['gpu','zone=north','gpu'],'queueTimeoutSeconds':9,
             'maxAttempts':10,'logLimitBytes':10737418240,'timeoutSeconds':7}\
            """);
    assertThat(spec.environment()).containsEntry("A", "1").containsEntry("TOKEN", "hush");
    assertThat(spec.secrets()).containsExactly("TOKEN");
    assertThat(spec.demand().project()).isEqualTo(new ProjectName("ci"));
    assertThat(spec.demand().priority()).isEqualTo(Priority.URGENT);
    assertThat(spec.demand().labels()).containsExactly(new Label("gpu"), new Label("zone=north"));
    assertThat(spec.limits().queue()).isEqualTo(Duration.ofSeconds(9));
    assertThat(spec.limits().attempts()).isEqualTo(10);
    assertThat(spec.limits().logBytes()).isEqualTo(10L << 30);
  }

  @Test
  void aSessionHasNoCommandButLimitsOfItsOwn() {
    assertThat(spec("{'session':{}}").workload())
        .isEqualTo(new Workload.Session(Duration.ofSeconds(600), Duration.ofSeconds(60)));
    assertThat(spec("{'session':{'idleSeconds':5,'leaseSeconds':30}}").workload())
        .isEqualTo(new Workload.Session(Duration.ofSeconds(5), Duration.ofSeconds(30)));
  }

  @Test
  void aSizeLabelSetsTheShapeAndIsNotAskedOfTheWorker() {
    JobSpec spec = spec("{'command':['x'],'labels':['mayfly-4cpu-8gb','gpu']}");
    assertThat(spec.shape()).isEqualTo(new Shape(4, 8192, 2048));
    assertThat(spec.demand().labels()).containsExactly(new Label("gpu"));
    assertThat(
            spec("{'command':['x'],'labels':['mayfly-4cpu-8gb-40gb'],'shape':{'cpus':4}}").shape())
        .isEqualTo(new Shape(4, 8192, 40960));
  }

  @ParameterizedTest(name = "{0} is refused, naming {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'session':{},'command':['x']}                   | command                 | must be absent
          {'session':{},'command':[]}                      | command                 | must be absent
          {'session':{'idleSeconds':0}}                    | session.idleSeconds     | must be 1 to
          {'session':{'leaseSeconds':4}}                   | session.leaseSeconds    | must be 5 to 3600
          {'session':{'leaseSeconds':3601}}                | session.leaseSeconds    | must be 5 to 3600
          {'command':['x'],'secrets':{'A':'abc'}}          | secrets.A               | shorter than 4
          {'command':['x'],'secrets':{'1A':'abcd'}}        | secrets.1A              | is not a name
          {'command':['x'],'secrets':{'A':null}}           | secrets.A               | must be a text
          {'command':['x'],'project':'CI'}                 | project                 | must be 1 to 63
          {'command':['x'],'project':''}                   | project                 | must be 1 to 63
          {'command':['x'],'priority':'high'}              | priority                | LOW, NORMAL, HIGH
          {'command':['x'],'labels':['GPU']}               | labels[0]               | must be 1 to 63
          {'command':['x'],'labels':['a',null]}            | labels[1]               | must be a text
          {'command':['x'],'labels':['mayfly-99cpu-8gb']}  | labels[0]               | no microVM can have
          {'command':['x'],'labels':['mayfly-2cpu-2gb','mayfly-4cpu-2gb']} | labels[1] | give one of them
          {'command':['x'],'labels':['mayfly-2cpu-2gb'],'shape':{'cpus':1}} | shape.cpus | label mayfly-2cpu-2gb says 2
          {'command':['x'],'queueTimeoutSeconds':0}        | queueTimeoutSeconds     | must be 1 to 604800
          {'command':['x'],'queueTimeoutSeconds':604801}   | queueTimeoutSeconds     | must be 1 to 604800
          {'command':['x'],'maxAttempts':0}                | maxAttempts             | must be 1 to 10
          {'command':['x'],'maxAttempts':11}               | maxAttempts             | must be 1 to 10
          {'command':['x'],'logLimitBytes':1023}           | logLimitBytes           | must be 1024 to
          {'command':['x'],'logLimitBytes':10737418241}    | logLimitBytes           | must be 1024 to
          {'command':['x'],'timeoutSeconds':-1}            | timeoutSeconds          | must be 1 to
          """)
  void aWrongMemberIsNamedWithWhatToDo(String request, String field, String message) {
    assertThat(errors(request))
        .singleElement()
        .satisfies(error -> {
          assertThat(error.field()).isEqualTo(field);
          assertThat(error.message()).contains(message);
        });
  }

  @Test
  void aNameIsInTheEnvironmentOrASecretAndItsValueIsInNoAnswer() {
    assertThat(errors("{'command':['x'],'environment':{'A':'hush1'},'secrets':{'A':'hush2'}}"))
        .singleElement()
        .satisfies(error -> assertThat(error.field()).isEqualTo("secrets.A"))
        .satisfies(error -> assertThat(error.message()).doesNotContain("hush"));
  }

  @Test
  void environmentAndSecretsShareTheirLimits() {
    String half =
        IntStream.range(0, 600).mapToObj(i -> "'A" + i + "':''").collect(Collectors.joining(","));
    String more =
        IntStream.range(0, 425)
            .mapToObj(i -> "'S" + i + "':'abcd'")
            .collect(Collectors.joining(","));
    assertThat(errors("{'command':['x'],'environment':{" + half + "},'secrets':{" + more + "}}"))
        .singleElement()
        .extracting(Problem.FieldError::field)
        .isEqualTo("secrets");
    String large = "b".repeat(200 * 1024);
    assertThat(
            errors(
                "{'command':['x'],'environment':{'A':'"
                    + large
                    + "'},'secrets':{'S':'"
                    + large
                    + "'}}"))
        .singleElement()
        .extracting(Problem.FieldError::field)
        .isEqualTo("secrets");
  }

  @Test
  void moreLabelsThanMakeSenseAreRefused() {
    String labels = String.join(",", Collections.nCopies(65, "'gpu'"));
    assertThat(errors("{'command':['x'],'labels':[" + labels + "]}"))
        .extracting(Problem.FieldError::field)
        .containsExactly("labels");
  }

  @Test
  void everyMemberTellsRequestsApart() {
    List<String> requests =
        List.of(
            "{'command':['x']}",
            "{'command':['x'],'environment':{'A':'hush'}}",
            "{'command':['x'],'secrets':{'A':'hush'}}",
            "{'command':['x'],'secrets':{'A':'hush2'}}",
            "{'session':{}}",
            "{'session':{'idleSeconds':5}}",
            "{'session':{'leaseSeconds':5}}",
            "{'command':['x'],'project':'ci'}",
            "{'command':['x'],'priority':'LOW'}",
            "{'command':['x'],'labels':['1']}",
            "{'command':['x'],'labels':['1','a']}",
            "{'command':['x'],'labels':['mayfly-2cpu-2gb']}",
            "{'command':['x'],'queueTimeoutSeconds':5}",
            "{'command':['x'],'maxAttempts':5}",
            "{'command':['x'],'logLimitBytes':5000}",
            "{'command':['x'],'timeoutSeconds':5}");
    Set<String> fingerprints = new HashSet<>();
    requests.forEach(request -> fingerprints.add(checked(request).fingerprint()));
    assertThat(fingerprints).hasSameSizeAs(requests);
  }

  @Test
  void whatIsWrittenOutReadsAsTheDefault() {
    assertThat(
            checked(
                    """
                    {'command':['x'],'project':'default','priority':'NORMAL','labels':[],
                     'queueTimeoutSeconds':86400,'maxAttempts':3,'logLimitBytes':104857600,
                     'secrets':{}}\
                    """)
                .fingerprint())
        .isEqualTo(checked("{'command':['x']}").fingerprint());
  }

  /** The literal is of the release before projects: the formula of then, worked out elsewhere. */
  @Test
  void aKeyFromBeforeAnUpgradeStillFindsItsJob() {
    assertThat(checked("{'command':['sh','ä'],'environment':{'A':'b'}}").fingerprint())
        .isEqualTo("23c42456b9163dd30c1858bb5ac17dd11e8c7b419874020d11c136e9842b5b6d");
  }

  private static List<Problem.FieldError> errors(String request) {
    RefusedRequestException refused =
        catchThrowableOfType(RefusedRequestException.class, () -> checked(request));
    assertThat(refused.problem().status()).isEqualTo(422);
    return refused.problem().errors();
  }

  private static JobSpec spec(String request) {
    return checked(request).spec(Optional.of(IMAGE));
  }

  /** A request for debian:12, written with single quotes. */
  private static CheckedJobRequest checked(String members) {
    String json = members.replaceFirst("\\{", "{'image':'debian:12',").replace('\'', '"');
    return JobRequestCheck.check(JSON.readValue(json, JobRequest.class));
  }
}
