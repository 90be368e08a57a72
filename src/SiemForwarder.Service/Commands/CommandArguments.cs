using System.Reflection;
using SiemForwarder.Service.Commands.Client;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Commands;

/// <summary>The command line of the service, which contains only settings.</summary>
internal static class CommandArguments
{
    private const string Hint = "See --help.";

    // Read directly by the server, the host and the log.
    private static readonly string[] Others =
        ["urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "ForwardedHeaders_Enabled", "ConnectionStrings:Forwarder"];

    private static readonly string[] Roots = ["Kestrel:", "Serilog:", "Logging:", "ConnectionStrings:"];

    public static readonly string[] Commands = ["serve", "demo", "health", "help", "version", .. ClientCommands.All.Select(command => command.Name)];

    public static readonly string Usage = $$"""
        SiemForwarder pulls login and admin events from Keycloak and delivers them to any SIEM.

          siemforwarder [--SETTING=VALUE …]   runs the service
          siemforwarder demo [--once]         shows the whole way with nothing else installed (demo --help)
          siemforwarder health                asks the service on this machine whether it is ready; exit code 0 or 1
          siemforwarder --version             tells the version

        Commands that speak with a running service, on this machine or another; each has a --help with examples:

        {{string.Join('\n', ClientCommands.All.Select(command => $"  {command.Name,-16}{command.Summary}"))}}

        A setting stands on the command line (--Forwarder:EventLog:RetentionDays=14), in the environment
        (Forwarder__EventLog__RetentionDays=14) or in appsettings.json; docs/settings.md lists them. The ones that most need:

          --urls=http://127.0.0.1:8080        where the API listens (ASPNETCORE_URLS)
          --ConnectionStrings:Forwarder=…     the PostgreSQL to use; without it a private one is started
          --Forwarder:DataFolder=…            where the private PostgreSQL and the first key are kept

        Exit codes of the service: 0 ended in order, 2 the command line, a setting or the database cannot be used, 70 a part of it broke.
        """;

    public static string Version { get; } =
        typeof(CommandArguments).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static bool IsHelp(string argument) => argument is "help" or "--help" or "-h" or "-?" or "/?";

    /// <summary>What is wrong with the arguments of the service, in one sentence; null if nothing is.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="settings">Paths of the settings below <c>Forwarder</c>, with colons.</param>
    public static string? FindFault(IReadOnlyList<string> args, IReadOnlyCollection<string> settings)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                var command = i == 0 ? NearestName.Find(args[i], Commands.Where(word => word != args[i])) : null;
                return $"'{args[i]}' is not a command{(command is null ? "." : $"; did you mean '{command}'?")} {Hint}";
            }

            var end = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = end < 0 ? args[i][2..] : args[i][2..end];
            if (FindUnknown(name, settings) is { } fault)
            {
                return fault;
            }

            if (end < 0 && (++i == args.Count || args[i].StartsWith("--", StringComparison.Ordinal)))
            {
                return $"The option --{name} needs a value: --{name}=VALUE.";
            }
        }

        return null;
    }

    private static string? FindUnknown(string name, IReadOnlyCollection<string> settings)
    {
        // Errors below Forwarder are reported with the other settings.
        if (Others.Contains(name, StringComparer.OrdinalIgnoreCase)
            || Roots.Append($"{ForwarderOptions.Section}:").Any(root => name.StartsWith(root, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        var path = name.Replace("__", ":", StringComparison.Ordinal);
        var meant = NearestName.Find(path, ["help", "version", .. Others]) ?? SettingsCheck.FindMeant(path, settings);
        return $"--{name} is not an option{(meant is null ? "." : $"; did you mean --{meant}?")} {Hint}";
    }
}
