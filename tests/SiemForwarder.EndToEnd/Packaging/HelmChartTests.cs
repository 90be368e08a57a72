using k8s;
using k8s.Models;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Packaging;

/// <summary>What Helm makes of the chart: objects that Kubernetes takes, and pods whose environment the service understands.</summary>
[Trait("Program", "helm")]
public sealed class HelmChartTests(TestPostgres postgres)
{
    private const string Everything = """
        image: { repository: registry.example.com/siem-forwarder, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
        ingress: { enabled: true, className: nginx, host: siem.example.com, tlsSecret: siem-tls, annotations: { a: b } }
        access:
          allowedHosts: [siem.internal]
          trustedProxies: [10.0.0.0/8]
          metricsNeedKey: true
          oidc: { authority: "https://sso.example.com/realms/acme", clientId: siem-forwarder, existingSecret: siem-oidc }
        networkPolicy:
          apiFrom: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ingress-nginx } } }]
          egress: [{ ports: [{ port: 443 }] }]
        serviceMonitor: { enabled: true, labels: { release: prometheus }, keySecret: viewer }
        secretFiles: { existingSecret: siem-secrets }
        engines:
          default: { replicas: 2 }
          dmz: { replicas: 1, pools: [dmz], nodeSelector: { zone: dmz }, tolerations: [{ key: dmz, operator: Exists }] }
        settings: { Forwarder__EventLog__RetentionDays: "14" }
        podAnnotations: { team: identity }
        configuration:
          name: cluster
          enginePools: [{ name: dmz }]
          sources: [{ name: apps, kind: http, inbox: { key: "file:/run/secrets/siem/apps" } }]
          integrations: [{ name: siem, serverUrl: "tls://siem.example.com:6514", enginePool: dmz }]
        """;

    private static readonly string Chart = Path.Combine(RepositoryFiles.Root, "docs", "deploy", "helm", "siem-forwarder");

    private static readonly Dictionary<string, Type> Kinds = new()
    {
        ["v1/Service"] = typeof(V1Service),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/ConfigMap"] = typeof(V1ConfigMap),
        ["apps/v1/Deployment"] = typeof(V1Deployment),
        ["networking.k8s.io/v1/Ingress"] = typeof(V1Ingress),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
        ["policy/v1/PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
    };

    [Fact]
    public async Task HelmFindsNoFault()
    {
        var (code, said) = await HelmAsync("lint", Chart, "--strict");

        Assert.True(code == 0, said);
    }

    [Theory]
    [InlineData("")]
    [InlineData(Everything)]
    public async Task EveryObjectHasOnlyMembersThatKubernetesKnows(string values)
    {
        var objects = await RenderAsync(values);

        var deployments = objects.OfType<V1Deployment>().ToList();
        Assert.Equal(values.Length == 0 ? 2 : 3, deployments.Count);
        Assert.All(deployments, AssertMountsAndVolumesMatch);
        Assert.All(deployments, deployment => Assert.Equal(
            deployment.Spec.Selector.MatchLabels.OrderBy(label => label.Key),
            deployment.Spec.Template.Metadata.Labels.Where(label => deployment.Spec.Selector.MatchLabels.ContainsKey(label.Key)).OrderBy(label => label.Key)));
        var service = Assert.Single(objects.OfType<V1Service>());
        Assert.Equal("api", service.Spec.Selector["app.kubernetes.io/component"]);
        Assert.Equal(values.Length == 0 ? 0 : 1, objects.OfType<V1Ingress>().Count());
        // A single pod has no budget: it would hold up every node that is drained.
        Assert.Equal(2, objects.OfType<V1PodDisruptionBudget>().Count());
    }

    [Fact]
    public async Task PodsRunUnprivilegedOnAReadOnlyFileSystem()
    {
        foreach (var deployment in (await RenderAsync(Everything)).OfType<V1Deployment>())
        {
            var (pod, container) = (deployment.Spec.Template.Spec, Assert.Single(deployment.Spec.Template.Spec.Containers));

            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.False(pod.AutomountServiceAccountToken);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.EndsWith("@sha256:" + new string('a', 64), container.Image);
        }
    }

    [Theory]
    [InlineData("api")]
    [InlineData("engine-dmz")]
    public async Task APodStartsWithItsEnvironmentAndAnswersItsProbes(string component)
    {
        var token = TestContext.Current.CancellationToken;
        var objects = await RenderAsync(Everything);
        var pod = objects.OfType<V1Deployment>().Single(one => one.Metadata.Labels["app.kubernetes.io/component"] == component).Spec.Template.Spec;
        await using var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string>();
        await using var forwarder = new ForwarderProcess(Path.Combine(folder.Path, "data"), environment);
        var ports = new Dictionary<string, int> { ["http"] = LoopbackPorts.Next(), ["probes"] = forwarder.Port };
        await SetAsync(environment, ports, pod.Containers[0], objects.OfType<V1ConfigMap>().Single(), folder.Path);

        await forwarder.StartAsync(token);

        using var client = new HttpClient();
        foreach (var probe in (V1Probe[])[pod.Containers[0].StartupProbe, pod.Containers[0].LivenessProbe, pod.Containers[0].ReadinessProbe])
        {
            using var answer = await client.GetAsync($"http://127.0.0.1:{ports[probe.HttpGet.Port.Value]}{probe.HttpGet.Path}", token);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(token));
        }

        using var elsewhere = await client.GetAsync($"http://127.0.0.1:{ports["http"]}/health/live", token);
        Assert.False(elsewhere.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("image: { digest: latest }", "digest")]
    [InlineData("ingress: { enabled: true, host: siem.example.com }", "tlsSecret")]
    [InlineData("engines: { }\nimag: { }", "imag")]
    [InlineData("database: { existingSecret: s, key: k, password: p }", "password")]
    [InlineData("settings: { Forwarder__Engine__Name: 7 }", "Forwarder__Engine__Name")]
    public async Task WrongValuesAreRefusedByName(string values, string named)
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "values.yaml");
        await File.WriteAllTextAsync(file, values, TestContext.Current.CancellationToken);

        var (code, said) = await HelmAsync("template", "siem", Chart, "-f", file);

        Assert.NotEqual(0, code);
        Assert.Contains(named, said, StringComparison.Ordinal);
    }

    // What the chart names by file and secret, laid out in a folder; the ports are free ones of this machine.
    private async Task SetAsync(
        Dictionary<string, string> environment, Dictionary<string, int> ports, V1Container container, V1ConfigMap configuration, string folder)
    {
        var token = TestContext.Current.CancellationToken;
        await WriteAsync("/etc/siemforwarder/forwarder.yaml", Moved(configuration.Data["forwarder.yaml"]));
        await WriteAsync("/run/secrets/master-key/master-key", Convert.ToBase64String(new byte[32]));
        await WriteAsync("/run/secrets/admin-key/admin-key", new string('a', 64));
        await WriteAsync("/run/secrets/siem/apps", new string('b', 40));
        await WriteAsync("/run/secrets/oidc/client-secret", new string('c', 40));
        foreach (var variable in container.Env)
        {
            environment[variable.Name] = variable switch
            {
                { Name: "ConnectionStrings__Forwarder" } => await postgres.CreateDatabaseAsync(),
                { ValueFrom.FieldRef.FieldPath: "metadata.name" } => "siem-siem-forwarder-0",
                { Name: "ASPNETCORE_URLS" } => container.Ports.Aggregate(
                    variable.Value, (urls, port) => urls.Replace($":{port.ContainerPort}", $":{ports[port.Name]}", StringComparison.Ordinal)),
                { Name: "Forwarder__Access__ProbePort" } => $"{ports["probes"]}",
                { Value: { } value } => Moved(value),
                _ => throw new InvalidDataException($"{variable.Name} has no value"),
            };
        }

        string Moved(string text) =>
            text.Replace("/run/secrets", $"{folder}/run/secrets", StringComparison.Ordinal).Replace("/etc/siemforwarder", $"{folder}/etc/siemforwarder", StringComparison.Ordinal);

        Task WriteAsync(string path, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder + path)!);
            return File.WriteAllTextAsync(folder + path, text, token);
        }
    }

    private static void AssertMountsAndVolumesMatch(V1Deployment deployment)
    {
        var pod = deployment.Spec.Template.Spec;
        Assert.Equal(pod.Volumes.Select(volume => volume.Name).Order(), pod.Containers[0].VolumeMounts.Select(mount => mount.Name).Order());
        Assert.Equal(pod.Containers[0].Env.Select(variable => variable.Name).Distinct(), pod.Containers[0].Env.Select(variable => variable.Name));
    }

    private static async Task<List<object>> RenderAsync(string values)
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "values.yaml");
        await File.WriteAllTextAsync(file, values, TestContext.Current.CancellationToken);
        var (code, rendered) = await HelmAsync("template", "siem", Chart, "--namespace", "security", "-f", file);
        Assert.True(code == 0, rendered);
        // The monitor is of a kind that Prometheus' operator defines; everything else is checked member by member.
        var documents = rendered.Split("\n---\n").Where(document => document.Contains("kind:", StringComparison.Ordinal)).ToList();
        Assert.Equal(values.Length == 0 ? 0 : 1, documents.RemoveAll(document => document.Contains("kind: PodMonitor", StringComparison.Ordinal)));
        return KubernetesYaml.LoadAllFromString(string.Join("\n---\n", documents), Kinds, strict: true);
    }

    private static async Task<(int Code, string Said)> HelmAsync(params string[] arguments)
    {
        var installed = Path.Combine(Environment.GetEnvironmentVariable("HELM_HOME") ?? "/opt/siemforwarder-helm", "helm");
        var helm = File.Exists(installed) ? installed : "helm";
        var (code, said) = await ChildProgram.RunAsync(helm, arguments, TestContext.Current.CancellationToken);
        Assert.SkipWhen(code == -1, "no helm on this machine (.ci/install-receivers brings one)");
        return (code, said);
    }
}
