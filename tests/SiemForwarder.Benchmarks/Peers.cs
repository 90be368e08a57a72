using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>A forwarder written in C that does the same work: lines of JSON over TCP in, its disk queue, CEF over TCP out.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Program">Its program; it takes part where it is installed.</param>
/// <param name="Arguments">Its arguments, given the folder of its files.</param>
/// <param name="Configuration">Its configuration, given folder, port to listen on and port to send to.</param>
internal sealed record Peer(string Name, string Program, Func<string, string> Arguments, Func<string, int, int, string> Configuration)
{
    private static readonly string SyslogNgHome = Environment.GetEnvironmentVariable("SYSLOG_NG_HOME") ?? "/opt/siemforwarder-syslog-ng";

    /// <summary>syslog-ng with its reliable disk buffer, which survives a crash of the process but is not synced to the disk.</summary>
    public static Peer SyslogNg { get; } = new("syslog-ng, reliable disk buffer", Path.Combine(SyslogNgHome, "usr/sbin/syslog-ng"),
        folder => $"-F --no-caps --module-path={Path.GetDirectoryName(FilesOf("libafsocket.so").First())} -f {folder}/conf -R {folder}/persist -p {folder}/pid -c {folder}/control",
        (folder, from, to) => $$"""
            @version: 3.38
            options { stats-freq(0); log-msg-size(65536); };
            source lines { network(ip("127.0.0.1") transport("tcp") port({{from}}) flags(no-parse) max-connections(64) log-iw-size(64000)); };
            parser event { json-parser(prefix(".k.")); };
            destination siem { network("127.0.0.1" transport("tcp") port({{to}})
              template("<134>1 $ISODATE $HOST keycloak - - - {{Cef("${.k.type}", "${.k.time}", "${.k.authDetails.ipAddress}", "${.k.authDetails.username}", "${.k.authDetails.userId}", "${.k.id}", "${.k.realmName}", "${.k.authDetails.clientId}")}}\n")
              disk-buffer(reliable(yes) dir("{{folder}}") disk-buf-size(4294967296) mem-buf-size(67108864))); };
            log { source(lines); parser(event); destination(siem); flags(flow-control); };

            """);

    /// <summary>rsyslog with a disk queue that is synced with every batch.</summary>
    public static Peer Rsyslog { get; } = new("rsyslog, synced disk queue", "/usr/sbin/rsyslogd",
        folder => $"-n -f {folder}/conf -i {folder}/pid",
        (folder, from, to) => $$"""
            global(workDirectory="{{folder}}" maxMessageSize="64k")
            module(load="imptcp")
            module(load="mmjsonparse")
            template(name="cef" type="string" string="<134>1 %timegenerated:::date-rfc3339% %hostname% keycloak - - - {{Cef("%$!type%", "%$!time%", "%$!authDetails!ipAddress%", "%$!authDetails!username%", "%$!authDetails!userId%", "%$!id%", "%$!realmName%", "%$!authDetails!clientId%")}}\n")
            input(type="imptcp" address="127.0.0.1" port="{{from}}" ruleset="forward")
            ruleset(name="forward" queue.type="Disk" queue.fileName="events" queue.syncQueueFiles="on" queue.checkpointInterval="100" queue.maxFileSize="64m" queue.dequeueBatchSize="1000") {
              action(type="mmjsonparse" cookie="" useRawMsg="on")
              action(type="omfwd" target="127.0.0.1" port="{{to}}" protocol="tcp" template="cef" action.resumeRetryCount="-1")
            }

            """);

    public bool IsInstalled => File.Exists(Program);

    /// <summary>Sends the events through it.</summary>
    /// <param name="count">How many events.</param>
    /// <param name="connections">How many connections send them.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task<Figures> RunAsync(int count, int connections, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-peer-").FullName;
        using var receiver = new NumberingReceiver(count, isHttp: false);
        var port = LoopbackPorts.Next();
        await File.WriteAllTextAsync(Path.Combine(folder, "conf"), Configuration(folder, port, receiver.Port), cancellationToken);
        var start = new ProcessStartInfo(Program, Arguments(folder)) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (this == SyslogNg)
        {
            start.Environment["LD_LIBRARY_PATH"] = string.Join(':', FilesOf("*.so.*").Select(Path.GetDirectoryName).Distinct());
        }

        using var process = Process.Start(start)!;
        try
        {
            await WaitUntilItListensAsync(process, port, cancellationToken);
            var before = ProcessUsage.CpuSeconds(process.Id);
            var clock = Stopwatch.StartNew();
            await new LineSender(port).SendAsync(count, connections, cancellationToken);
            await receiver.Complete.WaitAsync(cancellationToken);
            return new Figures(count, clock.Elapsed.TotalSeconds, ProcessUsage.CpuSeconds(process.Id) - before, 0, ProcessUsage.PeakMemoryMiB(process.Id), receiver.Duplicates);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task WaitUntilItListensAsync(Process process, int port, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(cancellationToken));
            }

            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private static IEnumerable<string> FilesOf(string pattern) => Directory.EnumerateFiles(SyslogNgHome, pattern, SearchOption.AllDirectories);

    private static string Cef(string type, string time, string address, string name, string user, string id, string realm, string client) =>
        $"CEF:0|Keycloak|Keycloak|26|{type}|{type}|3|rt={time} src={address} suser={name} suid={user} externalId={id} cs1Label=realm cs1={realm} cs2Label=client cs2={client}";
}

/// <summary>Sends the events of <see cref="InboxSender"/> as lines.</summary>
internal sealed class LineSender(int port)
{
    private const int EventsPerWrite = 100;

    public Task SendAsync(int count, int connections, CancellationToken cancellationToken)
    {
        var next = 0;
        return Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            using var lines = new SiemForwarder.Events.Bytes.PooledBuffer();
            while (Interlocked.Add(ref next, EventsPerWrite) - EventsPerWrite is var first && first < count)
            {
                lines.Clear();
                InboxSender.WriteEvents(lines, first, Math.Min(EventsPerWrite, count - first), "\n"u8);
                lines.Append("\n"u8);
                var left = lines.Memory;
                while (left.Length > 0)
                {
                    left = left[await socket.SendAsync(left, cancellationToken)..];
                }
            }

            // The peer reads to the end before the connection is gone.
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAsync(new byte[1], cancellationToken);
        }, cancellationToken)));
    }
}
