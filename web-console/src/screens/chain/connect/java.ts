import { type Guide, literals, type Target } from './target';

export const java = (target: Target): Guide => ({
  files: [
    {
      name: 'pom.xml',
      text: `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>app</groupId>
  <artifactId>app</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <exec.mainClass>App</exec.mainClass>
  </properties>
  <dependencies>
    <dependency>
      <groupId>org.hyperledger.fabric</groupId>
      <artifactId>fabric-gateway</artifactId>
      <version>1.10.0</version>
    </dependency>
    <dependency>
      <groupId>io.grpc</groupId>
      <artifactId>grpc-netty-shaded</artifactId>
      <version>1.76.0</version>
    </dependency>
    <dependency> <!-- fabric-gateway asks for an older one than its messages were made for -->
      <groupId>com.google.protobuf</groupId>
      <artifactId>protobuf-java</artifactId>
      <version>4.32.1</version>
    </dependency>
    <dependency>
      <groupId>com.google.code.gson</groupId>
      <artifactId>gson</artifactId>
      <version>2.13.2</version>
    </dependency>
  </dependencies>
</project>
`,
    },
    {
      name: 'src/main/java/App.java',
      text: `import com.google.gson.Gson;
import io.grpc.Grpc;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.hyperledger.fabric.client.Gateway;
import org.hyperledger.fabric.client.Hash;
import org.hyperledger.fabric.client.identity.Identities;
import org.hyperledger.fabric.client.identity.Signers;
import org.hyperledger.fabric.client.identity.X509Identity;

public class App {
    record Connection(String endpoint, String mspId, String tlsRootCertificate, String certificate,
            String privateKey, String channel, String contract) {}

    public static void main(String[] args) throws Exception {
        var here = new Gson().fromJson(text("connection.json"), Connection.class);
        var tls = TlsChannelCredentials.newBuilder().trustManager(file(here.tlsRootCertificate()).toFile()).build();
        var channel = Grpc.newChannelBuilder(here.endpoint(), tls).build();
        var certificate = Identities.readX509Certificate(text(here.certificate()));
        var key = Identities.readPrivateKey(text(here.privateKey()));

        try (var gateway = Gateway.newInstance()
                .identity(new X509Identity(here.mspId(), certificate))
                .signer(Signers.newPrivateKeySigner(key))
                .hash(Hash.SHA256)
                .connection(channel)
                .connect()) {
            var contract = gateway.getNetwork(here.channel()).getContract(here.contract());
            var answer = contract.${target.isSubmit ? 'submit' : 'evaluate'}Transaction(${literals(target)});
            System.out.println(new String(answer, StandardCharsets.UTF_8));
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    static Path file(String name) {
        return Path.of("my-app", name);
    }

    static String text(String name) throws IOException {
        return Files.readString(file(name));
    }
}
`,
    },
  ],
  run: 'mvn -q compile exec:java',
});
