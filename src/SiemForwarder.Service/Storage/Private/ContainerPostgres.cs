namespace SiemForwarder.Service.Storage.Private;

/// <summary>A PostgreSQL container owned by the service, for machines with Docker but without the PostgreSQL programs.</summary>
internal sealed class ContainerPostgres : IAsyncDisposable
{
    private const string Name = "siemforwarder-postgres";

    private readonly string docker;

    private ContainerPostgres(string docker, string connectionString) => (this.docker, ConnectionString) = (docker, connectionString);

    public string ConnectionString { get; }

    /// <summary>Whether a Docker engine responds.</summary>
    public static async Task<bool> IsAvailableAsync(CancellationToken cancellationToken)
    {
        var (code, _) = await ChildProgram.RunAsync("docker", ["info", "--format", "{{.ServerVersion}}"], cancellationToken);
        return code == 0;
    }

    /// <summary>Starts the container, or reuses a running one, with its data in a volume and its port published on loopback only.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public static async Task<ContainerPostgres> StartAsync(string dataFolder, CancellationToken cancellationToken, string docker = "docker")
    {
        var password = await PasswordAsync(dataFolder, cancellationToken);
        var (running, _) = await ChildProgram.RunAsync(docker, ["start", Name], cancellationToken);
        if (running != 0)
        {
            var (code, output) = await ChildProgram.RunAsync(
                docker,
                ["run", "-d", "--name", Name, "-p", "127.0.0.1:0:5432", "-v", $"{Name}:/var/lib/postgresql/data",
                    "-e", "POSTGRES_USER=siemforwarder", "-e", "POSTGRES_PASSWORD", "postgres:17"],
                // Without a value here, Docker takes it from the environment: arguments are visible in the process list.
                new Dictionary<string, string> { ["POSTGRES_PASSWORD"] = password },
                cancellationToken);
            if (code != 0)
            {
                throw new DatabaseStartException(
                    $"Docker could not start PostgreSQL: {output} Fix this, or set ConnectionStrings__Forwarder.");
            }
        }

        var (_, address) = await ChildProgram.RunAsync(docker, ["port", Name, "5432/tcp"], cancellationToken);
        var port = address.Split('\n')[0].Split(':')[^1];
        return new ContainerPostgres(docker, $"Host=127.0.0.1;Port={port};Username=siemforwarder;Password={password};Database=siemforwarder");
    }

    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await ChildProgram.RunAsync(docker, ["stop", Name], bound.Token);
    }

    private static async Task<string> PasswordAsync(string dataFolder, CancellationToken cancellationToken)
    {
        DataFolder.Make(dataFolder);
        var path = Path.Combine(dataFolder, "postgres-container.password");
        if (!File.Exists(path))
        {
            var whole = $"{path}.new";
            File.Delete(whole);
            await using (var file = new FileStream(whole, DataFolder.Own(FileMode.CreateNew)))
            {
                var password = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(24));
                await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(password), cancellationToken);
            }

            File.Move(whole, path);
        }

        return await File.ReadAllTextAsync(path, cancellationToken);
    }
}
