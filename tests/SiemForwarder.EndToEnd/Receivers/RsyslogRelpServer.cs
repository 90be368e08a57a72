using System.Text.Json;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Debian's rsyslog with RELP inputs, plain and over TLS.</summary>
public sealed class RsyslogRelpServer : SyslogServer
{
    private const string Program = "/usr/sbin/rsyslogd";

    public int RelpPort => CountedPort;

    public override string? Missing => File.Exists(Program)
        && Directory.GetFiles("/usr/lib", "imrelp.so", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 }).Length > 0
            ? null : "rsyslog-relp is not installed: run .ci/install-receivers";

    /// <summary>The messages with a marker as their id, as soon as there are so many.</summary>
    public Task<IReadOnlyList<JsonElement>> ReadUntilAsync(string marker, int count, CancellationToken cancellationToken) =>
        ReadUntilAsync("msgid", marker, count, cancellationToken);

    /// <summary>The messages with a text in a field of the header, as soon as there are so many.</summary>
    public async Task<IReadOnlyList<JsonElement>> ReadUntilAsync(string field, string text, int count, CancellationToken cancellationToken)
    {
        for (var atLeast = count; ;)
        {
            var all = await ReadAsync(atLeast, cancellationToken);
            var mine = all.Where(line => line.GetProperty(field).GetString() == text).ToList();
            if (mine.Count >= count)
            {
                return mine;
            }

            atLeast = all.Count + 1;
        }
    }

    protected override Task StartAsync(CancellationToken cancellationToken)
    {
        Process.Write("rsyslog.conf", Configuration());
        return Process.StartAsync(Program, $"-n -f {Process.PathOf("rsyslog.conf")} -i {Process.PathOf("pid")}", new Dictionary<string, string>(), TlsPort, cancellationToken);
    }

    private string Configuration() => $$"""
        global(workDirectory="{{Process.Folder}}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
        module(load="imrelp" tls.tlslib="openssl")
        template(name="understood" type="string" string="{%pri:::jsonf:pri%,%hostname:::jsonf:host%,%app-name:::jsonf:app%,%msgid:::jsonf:msgid%,%msg:::jsonf:msg%}\n")
        ruleset(name="syslog") { action(type="omfile" file="{{Process.Folder}}/{{Output}}" template="understood") }
        input(type="imrelp" address="127.0.0.1" port="{{RelpPort}}" ruleset="syslog" maxDataSize="64k")
        input(type="imrelp" address="127.0.0.1" port="{{TlsPort}}" ruleset="syslog" maxDataSize="64k" tls="on" tls.authMode="certvalid"
          tls.caCert="{{Process.Folder}}/ca.pem" tls.myCert="{{Process.Folder}}/server.pem" tls.myPrivKey="{{Process.Folder}}/server.key")

        """;
}
