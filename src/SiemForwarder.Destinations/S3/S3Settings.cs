using System.Net;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.S3;

/// <summary>What the folders of objects are named after.</summary>
internal enum S3Partition
{
    Realm,
    Source,

    /// <summary>The custom source, region, account and day, as Amazon Security Lake wants them.</summary>
    SecurityLake,
}

/// <summary>Settings specific to S3.</summary>
/// <param name="Bucket">Bucket to store in; it must exist.</param>
/// <param name="Prefix">What the name of every object begins with, without slashes around it; may be empty.</param>
/// <param name="IsParquet">Whether an object is a table in Parquet instead of lines.</param>
/// <param name="Partition">What the folders are named after.</param>
/// <param name="AccountId">Account that the folders of Security Lake name; empty for others.</param>
/// <param name="Region">Region that requests are signed for; empty for that of the server URL.</param>
/// <param name="AddressStyle">auto, virtual or path.</param>
/// <param name="Identity">Whose requests these are.</param>
/// <param name="Encryption">Server-side encryption to ask for: none, AES256 or aws:kms.</param>
/// <param name="KmsKey">Key of aws:kms; empty for the default one.</param>
/// <param name="StorageClass">Class of the objects; empty for the bucket's usual one.</param>
/// <param name="HasManifest">Whether each object gets a manifest.</param>
/// <param name="Interval">Least time between two objects of a source that do not fill a batch.</param>
/// <param name="Faults">What is wrong with them.</param>
internal sealed partial record S3Settings(
    string Bucket, string Prefix, bool IsParquet, S3Partition Partition, string AccountId, string Region, string AddressStyle, S3Identity Identity,
    string Encryption, string KmsKey,
    string StorageClass, bool HasManifest, TimeSpan Interval, IReadOnlyList<SettingFault> Faults)
{
    private const string UsualRegion = "us-east-1";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.bucket", DestinationFieldType.Text, "Bucket to store in; it must exist.") { Required = true },
        new("settings.prefix", DestinationFieldType.Text, "What the name of every object begins with.") { Default = "keycloak" },
        new("settings.objects", DestinationFieldType.Choice,
            "What an object is: lines, or a table in Parquet with the events of one OCSF class, which needs a schema of OCSF.")
        {
            Default = "lines", Choices = ["lines", "parquet"],
        },
        new("settings.partition", DestinationFieldType.Choice,
            "What folders are named after, before day and hour; securityLake, for tables, makes those of Amazon Security Lake.")
        {
            Default = "realm", Choices = ["realm", "source", "securityLake"],
        },
        new("settings.accountId", DestinationFieldType.Text, "Account of AWS that the folders of Amazon Security Lake name: 12 digits."),
        new("settings.region", DestinationFieldType.Text, "Region that requests are signed for; default: that of the server URL, or us-east-1.")
        {
            LeadsSecrets = true,
        },
        new("settings.addressStyle", DestinationFieldType.Choice,
            "Where the bucket stands in a URL: in the host (virtual) or in the path; auto is virtual with AWS.")
        {
            Default = "auto", Choices = ["auto", "virtual", "path"], LeadsSecrets = true,
        },
        .. S3Identity.Fields,
        new("settings.encryption", DestinationFieldType.Choice, "Server-side encryption to ask for; none leaves it to the bucket.")
        {
            Default = "none", Choices = ["none", "AES256", "aws:kms"],
        },
        new("settings.kmsKey", DestinationFieldType.Text, "Id or ARN of the key for aws:kms; default: the key of AWS for S3."),
        new("settings.storageClass", DestinationFieldType.Text, "Storage class of the objects, such as STANDARD_IA; default: that of the bucket."),
        new("settings.manifest", DestinationFieldType.Flag, "Write a manifest beside each object: what it holds, and its digest.") { Default = "true" },
        new("settings.intervalSeconds", DestinationFieldType.Number,
            "Least time between two objects of a source, 0 to 900; a full batch is stored at once.") { Default = "60" },
    ];

    public static S3Settings Read(SettingReader reader)
    {
        var bucket = reader.Required("bucket", "Set the name of a bucket.");
        if (bucket.Length > 0 && !BucketName().IsMatch(bucket))
        {
            reader.Fault("bucket", "Must be 3 to 63 letters, digits, dots, hyphens and underscores, and begin with a letter or digit.");
        }

        var prefix = (reader.Text("prefix") ?? "keycloak").Trim('/');
        if (prefix.Length > 0 && !prefix.Split('/').All(segment => PrefixSegment().IsMatch(segment)))
        {
            reader.Fault("prefix", "Must be names between slashes, of letters, digits and ! _ . ' ( ) = -, at most 100 characters each.");
        }

        var region = reader.Text("region") ?? "";
        if (region.Length > 0 && !RegionName().IsMatch(region))
        {
            reader.Fault("region", "Must be the name of a region, such as eu-central-1.");
        }

        var encryption = reader.Choice("encryption", "none", "none", "AES256", "aws:kms");
        var kmsKey = reader.Text("kmsKey") ?? "";
        if (kmsKey.Length > 0 && encryption != "aws:kms")
        {
            reader.Fault("kmsKey", "Is used with settings.encryption aws:kms alone: set that, or omit the key.");
        }

        var storageClass = reader.Text("storageClass") ?? "";
        if (storageClass.Length > 0 && !storageClass.All(character => char.IsAsciiLetterUpper(character) || character == '_'))
        {
            reader.Fault("storageClass", "Must be the name of a class in capitals, such as STANDARD_IA.");
        }

        var identity = S3Identity.Read(reader);
        var isParquet = reader.Choice("objects", "lines", "lines", "parquet") == "parquet";
        var partition = reader.Choice("partition", "realm", "realm", "source", "securityLake") switch
        {
            "source" => S3Partition.Source, "securityLake" => S3Partition.SecurityLake, _ => S3Partition.Realm,
        };
        var accountId = ReadAccount(reader, isParquet, partition);
        var addressStyle = reader.Choice("addressStyle", "auto", "auto", "virtual", "path");
        var hasManifest = reader.Flag("manifest", true);
        var interval = TimeSpan.FromSeconds(reader.Number("intervalSeconds", 60, 0, 900));
        return new S3Settings(
            bucket, prefix, isParquet, partition, accountId, region, addressStyle, identity, encryption, kmsKey, storageClass, hasManifest, interval,
            reader.Faults);
    }

    private static string ReadAccount(SettingReader reader, bool isParquet, S3Partition partition)
    {
        var account = reader.Text("accountId") ?? "";
        if (partition == S3Partition.SecurityLake && !isParquet)
        {
            reader.Fault("partition", "Security Lake takes tables alone: set settings.objects to parquet.");
        }

        if (partition == S3Partition.SecurityLake ? !AccountNumber().IsMatch(account) : account.Length > 0)
        {
            reader.Fault("accountId", "Must be the 12 digits of an account with settings.partition securityLake, and is used with that alone.");
        }

        return account;
    }

    /// <summary>What is wrong with a URL; null if it is valid.</summary>
    public static string? CheckUrl(Uri url) =>
        url.Host.Length == 0 || url.AbsolutePath.Length > 1 || url.Query.Length > 0 || url.Fragment.Length > 0
            ? "Must name the endpoint and nothing else: https://s3.eu-central-1.amazonaws.com; the bucket goes into settings.bucket."
            : null;

    /// <summary>Whether a host is one of AWS.</summary>
    public static bool IsAws(string host) =>
        host.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".amazonaws.com.cn", StringComparison.OrdinalIgnoreCase);

    /// <summary>The faults of the settings, including those that could hand the identity of this pod to someone else.</summary>
    public IReadOnlyList<SettingFault> FaultsAt(DestinationSettings settings) => [.. Faults, .. Identity.FaultsAt(settings)];

    /// <summary>Whether the bucket stands in the host of a URL.</summary>
    /// <remarks>The certificate of AWS does not cover a bucket with dots in its name.</remarks>
    public bool IsVirtualAt(Uri serverUrl) => AddressStyle switch
    {
        "virtual" => !IPAddress.TryParse(serverUrl.IdnHost, out _),
        "path" => false,
        _ => IsAws(serverUrl.IdnHost) && !Bucket.Contains('.', StringComparison.Ordinal),
    };

    /// <summary>The region that requests to a server are signed for.</summary>
    public string RegionAt(Uri serverUrl)
    {
        var ofHost = RegionOfHost().Match(serverUrl.IdnHost).Groups["region"];
        return Region.Length > 0 ? Region : ofHost.Success ? ofHost.Value : UsualRegion;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BucketName();

    [GeneratedRegex(@"^(?!\.{1,2}$)[A-Za-z0-9!_.'()=-]{1,100}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PrefixSegment();

    [GeneratedRegex("^[0-9]{12}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex AccountNumber();

    [GeneratedRegex("^[a-z0-9-]{1,40}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RegionName();

    [GeneratedRegex(@"(^|\.)(s3|s3-fips)[.-](dualstack\.)?(?<region>[a-z]{2,3}(-[a-z]+)+-[0-9])\.amazonaws\.com(\.cn)?$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RegionOfHost();
}
