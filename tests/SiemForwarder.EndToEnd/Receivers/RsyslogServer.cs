using System.Text.Json;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Debian's rsyslog; takes CEF apart with liblognorm on an input of its own.</summary>
public sealed class RsyslogServer : SyslogServer
{
    private const string Program = "/usr/sbin/rsyslogd";
    private const string CefOutput = "cef.json";

    public RsyslogServer()
    {
        // It tells the framings apart by the first octet of each message.
        LinePort = CountedPort;
    }

    public int CefPort { get; } = LoopbackPorts.Next();

    /// <summary>CEF over TLS for clients of the right authority and name.</summary>
    public int CefTlsPort { get; } = LoopbackPorts.Next();

    public override string? Missing =>
        !File.Exists(Program) ? "rsyslog is not installed: run .ci/install-receivers"
        : Directory.GetFiles("/usr/lib", "lmnsd_ossl.so", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 }).Length == 0
            ? "rsyslog-openssl is not installed: run .ci/install-receivers" : null;

    /// <summary>The CEF messages that were parsed, as soon as there are so many.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Bounds the wait.</param>
    /// <param name="appName">Only those of this APP-NAME: others may send to the same server.</param>
    public Task<IReadOnlyList<JsonElement>> ReadCefAsync(int count, CancellationToken cancellationToken, string? appName = null) =>
        Process.ReadAsync(CefOutput, count, cancellationToken, appName is null ? "" : $"\"app\":\"{appName}\"");

    protected override Task StartAsync(CancellationToken cancellationToken)
    {
        Process.Write("cef.rulebase", "version=2\nrule=:%cef:cef%\n");
        Process.Write("rsyslog.conf", Configuration());
        return Process.StartAsync(Program, $"-n -f {Process.PathOf("rsyslog.conf")} -i {Process.PathOf("pid")}", new Dictionary<string, string>(), TlsPort, cancellationToken);
    }

    // liblognorm 2.0.6 eats the first character behind the header's last pipe, so the CEF ruleset puts a space there before it parses.
    private string Configuration() => $$"""
        global(workDirectory="{{Process.Folder}}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off"
          defaultNetstreamDriverCAFile="{{Process.Folder}}/ca.pem" defaultNetstreamDriverCertFile="{{Process.Folder}}/server.pem"
          defaultNetstreamDriverKeyFile="{{Process.Folder}}/server.key")
        module(load="imtcp")
        module(load="imudp")
        module(load="mmpstrucdata")
        module(load="mmnormalize")
        template(name="understood" type="string" string="{%pri:::jsonf:pri%,%timereported:::date-rfc3339,jsonf:time%,%hostname:::jsonf:host%,%app-name:::jsonf:app%,%procid:::jsonf:procid%,%msgid:::jsonf:msgid%,%msg:::jsonf:msg%,\"tree\":%$!all-json%}\n")
        ruleset(name="syslog") {
          action(type="mmpstrucdata" sd_name.lowercase="off")
          action(type="omfile" file="{{Process.Folder}}/{{Output}}" template="understood")
        }
        ruleset(name="cef") {
          set $.head = re_extract($msg, "(CEF:[01](\\|([^|\\\\]|\\\\.)*){6}\\|)(.*)", 0, 1, "");
          set $.extension = re_extract($msg, "(CEF:[01](\\|([^|\\\\]|\\\\.)*){6}\\|)(.*)", 0, 4, "");
          set $!cefraw = $.head & " " & $.extension;
          action(type="mmnormalize" rulebase="{{Process.Folder}}/cef.rulebase" variable="$!cefraw")
          action(type="omfile" file="{{Process.Folder}}/{{CefOutput}}" template="understood")
        }
        input(type="imtcp" address="127.0.0.1" port="{{CountedPort}}" ruleset="syslog")
        input(type="imtcp" address="127.0.0.1" port="{{CefPort}}" ruleset="cef")
        input(type="imudp" address="127.0.0.1" port="{{UdpPort}}" ruleset="syslog")
        input(type="imtcp" address="127.0.0.1" port="{{CefTlsPort}}" ruleset="cef" streamdriver.name="ossl" streamdriver.mode="1"
          streamdriver.authmode="x509/name" permittedpeer="{{ClientName}}")
        input(type="imtcp" address="127.0.0.1" port="{{TlsPort}}" ruleset="syslog" streamdriver.name="ossl" streamdriver.mode="1"
          streamdriver.authmode="x509/name" permittedpeer="{{ClientName}}")

        """;
}
