using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service;

/// <summary>What the operator may set for the process; section <c>Forwarder</c>.</summary>
internal sealed class ForwarderOptions
{
    public const string Section = "Forwarder";

    /// <summary>Folder for the private database; default: a folder of the user's own (for root: /var/lib/siemforwarder).</summary>
    [DefaultInWords("a folder of the user's own; `/var/lib/siemforwarder` for root")]
    public string DataFolder { get; set; } = Environment.UserName == "root" && !OperatingSystem.IsWindows()
        ? "/var/lib/siemforwarder"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "SiemForwarder");

    /// <summary>How the log is written: <c>text</c>, a line for people, or <c>json</c>, an object a line; <c>Serilog__WriteTo</c> wins over it.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary>What destinations that write files may do here.</summary>
    public FileDestinationOptions FileDestination { get; set; } = new();

    /// <summary>A configuration file, or a folder of them, that is applied at the start and when it changes (docs/configuration.md); none by default.</summary>
    public string? ConfigurationFile { get; set; }

    /// <summary>How often changes are looked for: of the configuration file, and those that another engine made to sources and integrations.</summary>
    public TimeSpan ConfigurationInterval { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>How an entry of the log is written.</summary>
internal enum LogFormat
{
    Text,

    /// <summary>Serilog's compact form.</summary>
    Json,
}

/// <summary>What destinations that write files may do on this engine.</summary>
internal sealed class FileDestinationOptions
{
    /// <summary>Folder below which they may write; none by default, so that nobody who may only use the API can write files.</summary>
    public string? Folder { get; set; }
}
