namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Debian's syslog-ng, unpacked beside rsyslog because their packages exclude each other.</summary>
public sealed class SyslogNgServer : SyslogServer
{
    private static readonly string Home = Environment.GetEnvironmentVariable("SYSLOG_NG_HOME") ?? "/opt/siemforwarder-syslog-ng";

    public override string? Missing => File.Exists(Path.Combine(Home, "usr/sbin/syslog-ng")) ? null : $"syslog-ng is not in {Home}: run .ci/install-receivers";

    protected override Task StartAsync(CancellationToken cancellationToken)
    {
        Process.Write("syslog-ng.conf", Configuration());
        var libraries = Directory.EnumerateFiles(Home, "*.so.*", SearchOption.AllDirectories).Select(Path.GetDirectoryName).Distinct();
        var modules = Path.GetDirectoryName(Directory.EnumerateFiles(Home, "libafsocket.so", SearchOption.AllDirectories).First());
        return Process.StartAsync(
            Path.Combine(Home, "usr/sbin/syslog-ng"),
            $"-F --no-caps --stderr --module-path={modules} -f {Process.PathOf("syslog-ng.conf")} -R {Process.PathOf("persist")} -p {Process.PathOf("pid")} -c {Process.PathOf("control")}",
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = string.Join(':', libraries) },
            TlsPort, cancellationToken);
    }

    private string Configuration() => $$"""
        @version: 3.38
        options { keep-hostname(yes); use-dns(no); log-msg-size(65536); stats-freq(0); };
        source counted { syslog(ip(127.0.0.1) transport("tcp") port({{CountedPort}})); };
        source lines { network(ip(127.0.0.1) transport("tcp") port({{LinePort}}) flags(syslog-protocol)); };
        source datagrams { syslog(ip(127.0.0.1) transport("udp") port({{UdpPort}})); };
        source secured { syslog(ip(127.0.0.1) transport("tls") port({{TlsPort}}) tls(
          key-file("{{Process.Folder}}/server.key") cert-file("{{Process.Folder}}/server.pem") ca-file("{{Process.Folder}}/ca.pem")
          peer-verify(required-trusted) trusted-dn("CN={{ClientName}}"))); };
        destination understood { file("{{Process.Folder}}/{{Output}}"
          template("$(format-json pri=$PRI time=$ISODATE host=$HOST app=$PROGRAM procid=$PID msgid=$MSGID msg=$MSG --key .SDATA.* --rekey .SDATA.* --replace .SDATA=tree)\n")); };
        log { source(counted); source(lines); source(datagrams); source(secured); destination(understood); };

        """;
}
