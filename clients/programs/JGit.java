import java.io.File;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

/** Clones with JGit: URL USERNAME PASSWORD FOLDER. */
public class JGit {
  public static void main(String[] args) {
    try (Git git = Git.cloneRepository()
        .setURI(args[0])
        .setCredentialsProvider(new UsernamePasswordCredentialsProvider(args[1], args[2]))
        .setDirectory(new File(args[3]))
        .call()) {
      System.out.println("cloned");
    } catch (Exception error) {
      System.err.println(error.getMessage());
      System.exit(1);
    }
  }
}
